# Completion of mptap(8) for bash. tests/package/run holds it against `mptap COMMAND --help`.

# The options of a command.
_mptap_options() {
  case $1 in
    run) echo -c --config ;;
    read) echo -c --config --log-dir --format --filter --events ;;
    print-config) echo -c --config --defaults ;;
    status) echo --socket --json ;;
    connections) echo --socket --json --token --address --limit ;;
    config) echo --socket ;;
    mitigations) echo --socket --json ;;
    doctor) echo -c --config --json ;;
    top) echo --socket --interval --once ;;
  esac
  echo -h --help
}

# Words of a list parted by commas, behind those that stand there already.
_mptap_listed() {
  local before=
  [[ $1 == *,* ]] && before=${1%,*},
  compgen -P "$before" -W "$2" -- "${1##*,}"
}

_mptap_values() {
  local current=$1 previous=$2 command=$3
  local events='mptcp mp_error mp_capable mp_join mp_dss mp_add_addr mp_remove_addr mp_prio mp_fail mp_fastclose
    mp_tcprst subflow_established subflow_unknown subflow_denied subflow_refused subflow_closed
    connection_established connection_partial fallback closed subflow connection'
  case $previous in
    -c | --config | --socket) compgen -f -- "$current" ;;
    --log-dir) compgen -d -- "$current" ;;
    --format) compgen -W 'zeek json eve' -- "$current" ;;
    --events) _mptap_listed "$current" "$events" ;;
    --token | --address | --limit | --interval | --filter) ;;
    *)
      case $command:$current in
        *:-*) compgen -W "$(_mptap_options "$command")" -- "$current" ;;
        mitigations:*) compgen -W 'list add remove' -- "$current" ;;
        read:* | check-config:*) compgen -f -- "$current" ;;
      esac
      ;;
  esac
}

_mptap() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  # Bash parts --option=value into three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    local words='run read check-config print-config status connections config mitigations top doctor'
    [[ $current == -* ]] && words='-h --help --version'
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
    return
  fi
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(_mptap_values "$current" "$previous" "${COMP_WORDS[1]}")
}

complete -F _mptap mptap
