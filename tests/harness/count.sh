# For runners of runners in Bash: adds up tallies. Source it; it sets passed, failed and skipped to 0.

passed=0
failed=0
skipped=0

section() {
  printf '\n== %s\n' "$*"
}

# Runs a command that closes with `N passed, N failed, N skipped`, shows its output and adds it up.
# A command that dies without that line is one failure.
count() {
  local output status=0 tally
  output=$(mktemp)
  "$@" 2>&1 | tee "$output" || status=$?
  tally=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$output" | tail -n 1) || tally=
  rm -f "$output"
  if [[ $tally =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+) ]]; then
    passed=$((passed + BASH_REMATCH[1]))
    failed=$((failed + BASH_REMATCH[2]))
    skipped=$((skipped + BASH_REMATCH[3]))
    ((BASH_REMATCH[2] > 0 || status == 0 || status == 77)) && return
  fi
  echo "FAILED: $* (exit $status)"
  failed=$((failed + 1))
}

# Prints the sums as its last line; succeeds where nothing failed.
close_count() {
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  ((failed == 0))
}
