//! What the attribute refuses, in which words, and where it points. Each file of `tests/macro/errors` has its messages beside it;
//! `BLESS=1 cargo test --test repository macro_errors` writes them anew.

use crate::rustc;
use std::path::{Path, PathBuf};

fn fixtures() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/macro/errors");
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "nothing wrong to try");
    files
}

#[test]
fn a_wrong_attribute_is_told_in_words_that_point_at_it() {
    let directory = rustc::scratch("macro_errors");
    let mut wrong = Vec::new();
    for file in fixtures() {
        let mut compiler = rustc::rustc(&file, &directory);
        compiler.args(["--crate-type", "lib", "--emit", "metadata"]);
        let (accepted, messages) = rustc::messages(&mut compiler);
        let expected_file = file.with_extension("stderr");
        let said = rustc::essence(&messages);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected_file, &said).unwrap();
        }
        let expected = std::fs::read_to_string(&expected_file).unwrap_or_default();
        if accepted || said != expected {
            let name = file.display();
            wrong.push(format!(
                "{name} (accepted: {accepted})\nexpected:\n{expected}\nsaid:\n{said}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
