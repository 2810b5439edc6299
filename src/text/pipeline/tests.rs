use super::*;

fn hides(text: &str) -> bool {
    of_text(text) == Pipelines::Hiding
}

#[test]
fn pipelines_are_found_wherever_they_stand() {
    for text in [
        "pg_dump shop | gzip > shop.gz",
        "pg_dump shop|gzip",
        "a |& b",
        "a && b | c",
        "a || b | c",
        "a\n# a comment's end\nb | c",
        "(a | b)",
        "{ a | b; }",
        "x=$(a | b)",
        "x=\"$(a | b)\"",
        "x=\"it is `a | b`\"",
        "if a | b; then c; fi",
        "while read x; do a | b; done",
        "for i in 1 2; do a | b; done",
        "case $x in a|b) c | d;; esac",
        "case $x in (a|b) c;; *) d;; esac | e",
        "case $x in a) case $y in b) :;; esac;; esac; a | b",
        "cat <<END | mail root\na | b\nEND\n",
        "cat <<END\na\nEND\nb | c",
        "cat <<-'END'\n\ta\n\tEND\nb | c",
        "echo 'a' | b",
        "echo a\\\\|b",
        "a \\\n | b",
        "echo a#b | c",
        "echo ${x#y} | c",
        "echo $((1 | 2)) | c",
        "$( (a | b) )",
        "echo in case | b",
        "a 2>&1 | b",
        "a >| f | b",
        "echo $# | b",
        "f() { a | b; }",
        "! a | b",
        "diff <(a | b) c",
        "[[ $x =~ a|b ]] && c | d",
        "set -e; a | b",
        "echo pipefail; a | b",
        "time a | b",
        "until a | b; do :; done",
        "a | b # set -o pipefail",
    ] {
        assert!(hides(text), "{text}");
    }
}

#[test]
fn what_is_no_pipeline_is_not_taken_for_one() {
    for text in [
        "",
        "a",
        "a || b",
        "a||b",
        "echo 'a | b'",
        "echo \"a | b\"",
        "echo \"\\\" | b\"",
        "echo a\\|b",
        "# a | b",
        "a # it's | b\nc",
        "a;# x | y",
        "case $x in a|b) c;; esac",
        "case $x in\n a | b ) c ;;\n (d|e) f ;;\n esac",
        "case x in 'a b'|\"c\") y;; esac",
        "case in in in|x) y;; esac",
        "cat <<END\na | b\nEND\n",
        "cat <<'E N D' && a\nb | c\nE N D\n",
        "cat <<-END\n\ta | b\n\tEND\nc",
        "cat <<A <<B\na | b\nA\nc | d\nB\n",
        "cat <<\\END\na | b\nEND\n",
        "echo x >| file",
        "echo $((1 | 2))",
        "((x = 1 | 2))",
        "echo ${x#a|b}",
        "echo \"${x%|*}\"",
        "echo ${x:-'|'}",
        "[[ $x =~ a|b ]]",
        "ls @(a|b) !(c|d)",
        "echo $'a\\'|b'",
        "cat <<< 'a | b'",
        "awk -F'|' '{ print $1 }' f",
        "grep -E \"a|b\" f",
        "a '",
        "a \"",
        "a $(",
        "a <<END",
    ] {
        assert!(!hides(text), "{text}");
    }
}

#[test]
fn a_text_that_sets_pipefail_hides_nothing() {
    for text in [
        "set -o pipefail; a | b",
        "set -eo pipefail\na | b",
        "set -euo pipefail && a | b",
        "set -e -o pipefail; x=$(a | b)",
    ] {
        assert_eq!(of_text(text), Pipelines::Failing, "{text}");
    }
}

#[test]
fn a_shell_within_the_text_is_read_as_well() {
    for text in [
        "bash -c 'a | b'",
        "sudo -u app sh -c \"a | b\"",
        "x=1; timeout 5 sh -c 'a | b' && echo ok",
        "bash -c \"sh -c 'a | b'\"",
        "bash -c \"sh -c \\\"a | b\\\"\"",
        "su app -c a\\ \\|\\ b",
        "set -o pipefail; bash -c 'a | b'",
    ] {
        assert_eq!(of_text(text), Pipelines::Hiding, "{text}");
    }
    for text in [
        "bash -o pipefail -c 'a | b'",
        "bash -c 'set -o pipefail; a | b'",
        "bash script; grep -c 'a|b' file",
        "sh -c \"echo 'a | b'\"",
        "# bash -c 'a | b'",
        "echo 'bash -c \"a | b\"'",
    ] {
        assert_ne!(of_text(text), Pipelines::Hiding, "{text}");
    }
}

#[test]
fn a_command_that_starts_a_shell_is_read_as_well() {
    let of = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        of_command(&words)
    };
    assert_eq!(of(&["sh", "-c", "a | b"]), Pipelines::Hiding);
    assert_eq!(of(&["/bin/bash", "-lc", "a | b"]), Pipelines::Hiding);
    assert_eq!(
        of(&["nice", "sh", "-e", "-c", "a | b", "x"]),
        Pipelines::Hiding
    );
    assert_eq!(
        of(&["bash", "-o", "pipefail", "-c", "a | b"]),
        Pipelines::Failing
    );
    assert_eq!(
        of(&["bash", "-ceo", "pipefail", "a | b"]),
        Pipelines::Failing
    );
    assert_eq!(of(&["sh", "script", "a | b"]), Pipelines::None);
    assert_eq!(of(&["echo", "a | b"]), Pipelines::None);
    assert_eq!(of(&["sh", "-c", "echo 'a | b'"]), Pipelines::None);
    assert_eq!(of(&["sh", "-c"]), Pipelines::None);
    for starter in [
        &["su", "app", "-c"][..],
        &["flock", "/lock", "-c"],
        &["runuser", "-c"],
    ] {
        let words = [starter, &["a | b"]].concat();
        assert_eq!(of(&words), Pipelines::Hiding, "{words:?}");
    }
    let words = ["env", "SHELL=/bin/sh", "sh", "-c", "a | b"];
    assert_eq!(of(&words), Pipelines::Hiding);
    assert_eq!(of(&["sh", "file", "-c", "a | b"]), Pipelines::None);
    assert_eq!(
        of(&["bash", "-o", "errexit", "-c", "a | b"]),
        Pipelines::Hiding
    );
}

#[test]
fn no_text_is_read_for_ever_or_panics() {
    let pieces = [
        "(",
        ")",
        "|",
        "'",
        "\"",
        "`",
        "$((",
        "${",
        "<<E",
        "\n",
        "case x in ",
        "esac",
        "\\",
        "ä",
    ];
    for first in pieces {
        for second in pieces {
            for third in pieces {
                of_text(&format!("a {first}{second}{third}"));
                of_text(&format!("{third}{second}{first}").repeat(50));
            }
        }
    }
}
