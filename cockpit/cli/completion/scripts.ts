export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What a shell evaluates. It asks `sgrid __complete` for the candidates, a line each, and falls back to files without any. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  // A colon and an "@" in a name are word breaks to readline: words are put together again, and the part that is
  // before the cursor's word is taken off the candidates (as __ltrim_colon_completions of bash-completion does).
  bash: `_sgrid() {
  local line="\${COMP_LINE:0:COMP_POINT}" typed candidates prefix
  local -a words
  read -r -a words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=('')
  typed="\${words[\${#words[@]}-1]}"
  mapfile -t candidates < <(sgrid __complete -- "\${words[@]:1}" 2>/dev/null)
  prefix="\${typed%"\${COMP_WORDS[COMP_CWORD]}"}"
  [[ "\${COMP_WORDS[COMP_CWORD]}" == [:@] ]] && prefix="$typed"
  COMPREPLY=()
  local each
  for each in "\${candidates[@]}"; do
    [[ "$each" == "$typed"* ]] && COMPREPLY+=("\${each#"$prefix"}")
  done
}
complete -o default -F _sgrid sgrid
`,
  zsh: `_sgrid() {
  local -a candidates
  candidates=("\${(@f)$(sgrid __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  candidates=(\${candidates:#})
  if (( $#candidates )); then compadd -a candidates; else _files; fi
}
compdef _sgrid sgrid
`,
  fish: `function __sgrid_complete
  set -l words (commandline -opc) (commandline -ct)
  sgrid __complete -- $words[2..-1] 2>/dev/null
end
complete -c sgrid -a '(__sgrid_complete)'
`,
};
