# The tables of benchmarks/compare, from a line for each job: {peer, job, rate, p50, p99, p999, cpu}.
def median: sort | if length == 0 then null elif length % 2 == 1 then .[(length - 1) / 2] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def number: if . == null then "-" elif . >= 100 then round | tostring else . * 10 | round / 10 | tostring end;
def ratio: if . == null then "-" else . * 100 | round / 100 | tostring end;
. as $all | ($peers | split(" ")) as $peers | ($jobs | split(" ")) as $jobs | ($levels | split(" ")) as $levels
| def of($peer; $job; $field): [$all[] | select(.peer == $peer and .job == $job) | .[$field] | values] | median;
  def over($a; $b): if $a == null or $b == null or $b == 0 then null else $a / $b end;
  def table($title; $field; $pattern):
    [$jobs[] | select(test($pattern))] as $shown
    | "", "## \($title)", "", "| | \($shown | join(" | ")) |", "|---" * (1 + ($shown | length)) + "|",
      ($peers[] as $peer | select(any($shown[]; of($peer; .; $field) != null))
        | "| " + ([$peer] + [$shown[] as $job | of($peer; $job; $field) as $value
            | ($value | number) + (if $value == null or $peer == "raw" or of("raw"; $job; $field) == null then ""
                else " (\(over($value; of("raw"; $job; $field)) | ratio))" end)] | join(" | ")) + " |");
  # A row of what is aimed at: how it is called, whether less or more is better, the least that is expected, the aim, and the figure of a level.
  def aims:
    def p50($job): . as $level | "quoin-\($level)" | of(.; $job; "p50");
    def rate($job): . as $level | "quoin-\($level)" | of(.; $job; "rate");
    def latency($job; $peer): {name: "\($job) p50 / \($peer | if startswith("btrfs") then "btrfs of the level" else . end)",
      of: over(p50($job); of($peer; $job; "p50"))};
    def rates($job; $peer): {name: "\($job) rate / \($peer | if startswith("btrfs") then "btrfs of the level" else . end)",
      of: over(rate($job); of($peer; $job; "rate"))};
    . as $level
    | if $slow > 0 then [
      ($level | latency("commit"; "raw") + {at_most: 1.25, aim: 1.1}),
      ($level | rates("commit32"; "nbdkit-file") + {at_least: 1.2, aim: 1.5})
    ] else [
      (("commit", "commit-fua") as $job
        | ($level | latency($job; "nbdkit-file") + {at_most: 1.25, aim: 0.95}),
          ($level | latency($job; "qemu-quorum") + {at_most: 0.5, aim: 0.35}),
          ($level | latency($job; "btrfs-\($level)") + {at_most: 0.22, aim: 0.15})),
      (("commit32", "commit32-fua") as $job
        | ($level | rates($job; "raw") + {at_least: 0.7, aim: 1}),
          ($level | rates($job; "nbdkit-file") + {at_least: 3, aim: 5}),
          ($level | rates($job; "qemu-quorum") + {at_least: 8, aim: 12}),
          ($level | rates($job; "btrfs-\($level)") + {at_least: 30, aim: 40})),
      {name: "commit32 p99 / raw", at_most: 1.5, aim: 1, of: over(of("quoin-\(.)"; "commit32"; "p99"); of("raw"; "commit32"; "p99"))},
      ($level | latency("tail"; "nbdkit-file") + {at_most: 1.2, aim: 0.95}),
      {name: "randwrite rate / btrfs-raid1", at_least: 2, aim: 4, of: over(rate("randwrite"); of("btrfs-raid1"; "randwrite"; "rate"))},
      ($level | rates("write"; "btrfs-\($level)") + (if $level == "raid5" then {at_least: 1.2, aim: 2} else {at_least: 0.9, aim: 1.3} end)),
      ($level | rates("read"; "raw") + {at_least: 0.6, aim: 0.9}),
      ($level | rates("randread"; "raw") + {at_least: 0.45, aim: 0.6}),
      {name: "server's processor time a commit32, us", at_most: 12, aim: 8, of: of("quoin-\(.)"; "commit32"; "cpu")}
    ] end;
  def verdict:
    if .of == null then "not measured"
    elif (.at_most // infinite) >= .of and (.at_least // 0) <= .of then
      if (if .at_most then .of <= .aim else .of >= .aim end) then "passes, and the aim" else "passes" end
    else "misses" end;
  table("operations a second; MiB/s for read and write"; "rate"; ""),
  table("median, us"; "p50"; "commit|tail"),
  table("99th percentile, us"; "p99"; "commit|tail|rand"),
  table("99.9th percentile, us"; "p999"; "commit|tail"),
  table("processor time of the server, us an operation"; "cpu"; "commit|tail|rand|write"),
  "", "## what is aimed at", "", "| | at least, aim | " + ([$levels[] | "\(.) | "] | join("| ")) + "|", "|---" * (2 + 2 * ($levels | length)) + "|",
  (([$levels[0] | aims | length] | .[0]) as $count
    | range($count) as $i | ($levels[0] | aims | .[$i]) as $row
    | "| \($row.name) | \(if $row.at_most then "<= \($row.at_most), \($row.aim)" else ">= \($row.at_least), \($row.aim)" end) | "
      + ([$levels[] | aims | .[$i] | "\(.of | if . != null and . >= 10 then number else ratio end) | \(verdict)"] | join(" | ")) + " |")
