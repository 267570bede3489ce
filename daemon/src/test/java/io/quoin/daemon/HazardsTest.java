package io.quoin.daemon;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.name;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.quoin.daemon.observe.CountersFile;
import java.lang.ref.Cleaner;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import org.junit.jupiter.api.Test;

/// What Java makes easy and a storage daemon must not do.
class HazardsTest {
    private final JavaClasses classes =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .importPackages("io.quoin.daemon");

    /// An interrupt closes the channel that the thread is in, for everybody.
    @Test
    void noThreadIsInterruptedButByItself() {
        noClasses()
                .should()
                .callMethodWhere(
                        target(name("interrupt"))
                                .and(describe("of another thread", call -> !isOfItself(call))))
                .check(classes);
    }

    private static boolean isOfItself(JavaCall<?> call) {
        return call.getOrigin().getMethodCallsFromSelf().stream()
                .anyMatch(other -> other.getName().equals("currentThread"));
    }

    /// A mapped file that is cut short ends the process; only counters, which nobody depends on, are.
    @Test
    void nothingIsMappedButCounters() {
        noClasses()
                .that()
                .areNotAssignableTo(CountersFile.class)
                .should()
                .dependOnClassesThat()
                .areAssignableTo(MappedByteBuffer.class)
                .orShould()
                .callMethod(
                        FileChannel.class, "map", FileChannel.MapMode.class, long.class, long.class)
                .check(classes);
    }

    @Test
    void nothingIsDeserialisedAndNothingHappensInCleaners() {
        noClasses()
                .should()
                .dependOnClassesThat(
                        type(java.io.ObjectInputStream.class)
                                .or(type(Cleaner.class))
                                .or(type(javax.net.ssl.TrustManager.class)))
                .check(classes);
    }
}
