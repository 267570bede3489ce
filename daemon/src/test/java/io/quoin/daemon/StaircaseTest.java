package io.quoin.daemon;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Each package imports only those before it.
class StaircaseTest {
    private static final List<String> STEPS =
            List.of("config", "observe", "nbd", "host", "metrics", "control.api", "control");

    @Test
    void packagesImportOnlyThoseBeforeThem() {
        JavaClasses classes =
                new ClassFileImporter()
                        .withImportOption(new ImportOption.DoNotIncludeTests())
                        .importPackages("io.quoin.daemon");
        for (int step = 0; step < STEPS.size(); step++) {
            for (String later : STEPS.subList(step + 1, STEPS.size())) {
                noClasses()
                        .that()
                        .resideInAPackage("io.quoin.daemon." + STEPS.get(step))
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.quoin.daemon." + later)
                        .check(classes);
            }
            noClasses()
                    .that()
                    .resideInAPackage("io.quoin.daemon." + STEPS.get(step))
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("io.quoin.daemon")
                    .check(classes);
        }
    }
}
