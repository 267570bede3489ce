package io.quoin.volume;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.quoin.volume.assembly.Examination;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.member.Doorbell;
import io.quoin.volume.member.IoLanes;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.Port;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The module's shape: packages form a staircase, and the engine has no clock, no thread and no lock,
/// so that the simulator runs the very classes that serve.
final class ArchitectureTest {
    private static final String ROOT = "io.quoin.volume";

    /// Each imports only those before it; the root package, last, imports all.
    private static final List<String> STAIRCASE =
            List.of(
                    "counter",
                    "fault",
                    "geometry",
                    "format",
                    "member",
                    "remote",
                    "dirty",
                    "journal",
                    "row",
                    "intake",
                    "destage",
                    "read",
                    "repair",
                    "assembly",
                    "rescue");

    /// They touch the host: files, threads, and the memory that sessions share.
    private static final Set<String> HOST =
            Set.of(
                    LocalFile.class.getName(),
                    IoLanes.class.getName(),
                    Port.class.getName(),
                    Doorbell.class.getName(),
                    BufferPool.class.getName(),
                    Volume.class.getName(),
                    Handover.class.getName(),
                    Turns.class.getName(),
                    Baton.class.getName(),
                    AgentThreads.class.getName(),
                    LaneFactory.class.getName());

    /// How members of other hosts are reached: threads and sockets.
    private static final String REMOTE = ROOT + ".remote";

    /// The simulator stands outside: it drives the engine as a host does.
    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .withImportOption(location -> !location.contains("/io/quoin/volume/sim/"))
                    .importPackages(ROOT);

    private static DescribedPredicate<JavaClass> in(List<String> packages) {
        Set<String> names =
                packages.stream().map(name -> ROOT + "." + name).collect(Collectors.toSet());
        return describe("in " + packages, javaClass -> names.contains(javaClass.getPackageName()));
    }

    private static DescribedPredicate<JavaClass> engine() {
        return describe(
                "of the engine",
                javaClass -> {
                    String name = javaClass.getName();
                    int nested = name.indexOf('$');
                    return !HOST.contains(nested < 0 ? name : name.substring(0, nested))
                            && !javaClass.getPackageName().equals(REMOTE);
                });
    }

    @Test
    void packagesImportOnlyThoseBeforeThem() {
        for (int i = 0; i < STAIRCASE.size(); i++) {
            noClasses()
                    .that(in(STAIRCASE.subList(i, i + 1)))
                    .should()
                    .dependOnClassesThat(in(STAIRCASE.subList(i + 1, STAIRCASE.size())))
                    .orShould()
                    .dependOnClassesThat()
                    .resideInAPackage(ROOT)
                    .allowEmptyShould(true)
                    .check(CLASSES);
        }
    }

    @Test
    void everyPackageHasItsStep() {
        Set<String> found = new TreeSet<>();
        for (JavaClass each : CLASSES) {
            if (!each.getPackageName().equals(ROOT)) {
                found.add(each.getPackageName().substring(ROOT.length() + 1));
            }
        }
        assertThat(STAIRCASE).containsAll(found);
    }

    @Test
    void nothingServesWithTheSimulator() {
        noClasses().should().dependOnClassesThat().resideInAPackage(ROOT + ".sim..").check(CLASSES);
    }

    @Test
    void filesAreNeverMapped() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(MappedByteBuffer.class)
                .orShould()
                .callMethodWhere(
                        describe(
                                "FileChannel.map",
                                call ->
                                        call.getTargetOwner().isAssignableTo(FileChannel.class)
                                                && call.getName().equals("map")))
                .check(CLASSES);
    }

    @Test
    void theEngineHasNoThreadAndNoLock() {
        noClasses()
                .that(engine())
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Thread.class, ThreadLocal.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAnyPackage("java.util.concurrent..")
                .check(CLASSES);
        // The ring of a job's stages is polled, by the engine and by agents that somebody else
        // runs.
        noClasses()
                .that(engine())
                .and()
                .resideOutsideOfPackage(ROOT + ".repair")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.lmax.disruptor..")
                .check(CLASSES);
        for (JavaClass each : CLASSES.that(engine())) {
            each.getMethods()
                    .forEach(method ->
                            assertThat(method.getModifiers())
                                    .as(method.getFullName())
                                    .doesNotContain(JavaModifier.SYNCHRONIZED));
        }
    }

    @Test
    void theEngineHasNoClockAndNoRandomnessOfItsOwn() {
        noClasses()
                .that(engine())
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.time..")
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.util.random..")
                .check(CLASSES);
        noClasses()
                .that(engine())
                .and()
                .doNotHaveFullyQualifiedName(MemberFiles.class.getName())
                .should()
                .callMethod(java.util.UUID.class, "randomUUID")
                .check(CLASSES);
    }

    @Test
    void chronicleBytesStaysWithTheRecordsOnDisk() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".format", ROOT + ".journal")
                .and()
                .doNotBelongToAnyOf(Examination.class) // shows dumps
                .should()
                .dependOnClassesThat()
                .resideInAPackage("net.openhft..")
                .check(CLASSES);
    }

    @Test
    void filesAndSocketsOfTheHostAreOpenedInFewPlaces() {
        noClasses()
                .that()
                .doNotBelongToAnyOf(
                        LocalFile.class, MemberFiles.class, Volume.class, Handover.class)
                .and()
                .doNotHaveFullyQualifiedName(ROOT + ".member.Descriptors") // opens none
                .and()
                .resideOutsideOfPackage(REMOTE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.nio.file..", "java.nio.channels..", "java.io..")
                .check(CLASSES);
    }
}
