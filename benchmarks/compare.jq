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
    [
      {name: "commit p50 / nbdkit-file", at_most: 1.25, aim: 0.95, of: over(p50("commit"); of("nbdkit-file"; "commit"; "p50"))},
      {name: "commit p50 / qemu-quorum", at_most: 0.5, aim: 0.35, of: over(p50("commit"); of("qemu-quorum"; "commit"; "p50"))},
      {name: "commit p50 / btrfs of the level", at_most: 0.22, aim: 0.15, of: over(p50("commit"); of("btrfs-\(.)"; "commit"; "p50"))},
      {name: "commit32 rate / raw", at_least: 0.7, aim: 1, of: over(rate("commit32"); of("raw"; "commit32"; "rate"))},
      {name: "commit32 rate / nbdkit-file", at_least: 3, aim: 5, of: over(rate("commit32"); of("nbdkit-file"; "commit32"; "rate"))},
      {name: "commit32 rate / qemu-quorum", at_least: 8, aim: 12, of: over(rate("commit32"); of("qemu-quorum"; "commit32"; "rate"))},
      {name: "commit32 rate / btrfs of the level", at_least: 30, aim: 40, of: over(rate("commit32"); of("btrfs-\(.)"; "commit32"; "rate"))},
      {name: "commit32 p99 / raw", at_most: 1.5, aim: 1, of: over(of("quoin-\(.)"; "commit32"; "p99"); of("raw"; "commit32"; "p99"))},
      {name: "tail p50 / nbdkit-file", at_most: 1.2, aim: 0.95, of: over(p50("tail"); of("nbdkit-file"; "tail"; "p50"))},
      {name: "randwrite rate / btrfs-raid1", at_least: 2, aim: 4, of: over(rate("randwrite"); of("btrfs-raid1"; "randwrite"; "rate"))},
      {name: "write rate / btrfs of the level", at_least: (if . == "raid5" then 1.2 else 0.9 end), aim: (if . == "raid5" then 2 else 1.3 end),
        of: over(rate("write"); of("btrfs-\(.)"; "write"; "rate"))},
      {name: "read rate / raw", at_least: 0.6, aim: 0.9, of: over(rate("read"); of("raw"; "read"; "rate"))},
      {name: "randread rate / raw", at_least: 0.45, aim: 0.6, of: over(rate("randread"); of("raw"; "randread"; "rate"))},
      {name: "server's processor time a commit32, us", at_most: 12, aim: 8, of: of("quoin-\(.)"; "commit32"; "cpu")}
    ];
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
