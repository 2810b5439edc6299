//! Circles: files that use one another, so that none can be read, or moved, without the others.
//!
//! A file uses another when a path in its product code leads to an item that the other defines. Re-exports are followed to the definition, so
//! that a `mod.rs` of `mod` lines and re-exports is never part of a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::source::{self, Source};

/// A path from the root of the crate.
type Path = Vec<String>;

/// What a module of the crate defines, imports and uses.
#[derive(Debug, Default)]
struct Module {
    file: String,
    items: HashSet<String>,
    /// Names that `use` brings into scope, with what they stand for.
    imports: HashMap<String, Path>,
    /// The paths that are used, other than by re-exports.
    used: Vec<Path>,
}

/// Returns a line for each circle of files: the files, by name.
pub(crate) fn all() -> Vec<String> {
    let sources = source::rust_in("src/");
    let products = sources.iter().filter(|source| !source.is_test);
    let mut modules: BTreeMap<Path, Module> = products
        .map(|source| (module_of(&source.path), read(source)))
        .collect();
    add_child_paths(&mut modules, &sources);
    let edges: BTreeMap<Path, BTreeSet<Path>> = modules
        .iter()
        .map(|(name, module)| (name.clone(), used_by(name, module, &modules)))
        .collect();
    let circles = circles(&edges);
    let file = |name: &Path| modules[name].file.as_str();
    circles
        .iter()
        .map(|circle| circle.iter().map(file).collect::<Vec<_>>().join(" "))
        .collect()
}

fn module_of(path: &str) -> Path {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs");
    let mut names: Path = inside.split('/').map(str::to_owned).collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib")) {
        names.pop();
    }
    names
}

fn read(source: &Source) -> Module {
    let code = source.product_code();
    let here = module_of(&source.path);
    let mut module = Module {
        file: source.path.clone(),
        items: items(&code),
        ..Module::default()
    };
    let mut rest = code.clone().into_bytes();
    for at in source::words(&code, "use") {
        let Some(end) = code[at..].find(';').map(|end| at + end) else {
            continue;
        };
        let before = code[..at].lines().last().unwrap_or_default().trim();
        let mut leaves = Vec::new();
        flatten(&code[at + 3..end], &mut Vec::new(), &mut leaves);
        for (path, name) in leaves {
            let Some(path) = absolute(&path, &here) else {
                continue;
            };
            module.imports.insert(name, path.clone());
            if !before.starts_with("pub") {
                module.used.push(path);
            }
        }
        rest[at..end].fill(b' ');
    }
    let rest = String::from_utf8(rest).expect("blanks are ASCII");
    module
        .used
        .extend(paths(&rest).filter_map(|path| absolute(&path, &here)));
    module
}

/// Adds the paths that begin with a module below the one that they are in, and those that begin with an imported module.
fn add_child_paths(modules: &mut BTreeMap<Path, Module>, sources: &[Source]) {
    let names: HashSet<Path> = modules.keys().cloned().collect();
    for source in sources.iter().filter(|source| !source.is_test) {
        let here = module_of(&source.path);
        let code = source.product_code();
        let imports = modules[&here].imports.clone();
        let found = paths(&code).filter_map(|path| {
            let mut child = here.clone();
            child.push(path[0].clone());
            let start = match imports.get(&path[0]) {
                Some(import) if names.contains(import) => import.clone(),
                None if names.contains(&child) => child,
                _ => return None,
            };
            Some([start, path[1..].to_vec()].concat())
        });
        let found: Vec<Path> = found.collect();
        let module = modules.get_mut(&here).expect("it was read");
        // The module itself is not what is used, but an item of it.
        module.used.retain(|path| !names.contains(path));
        module.used.extend(found);
    }
}

/// Returns the names that are defined outside of all braces.
fn items(code: &str) -> HashSet<String> {
    const KEYWORDS: [&str; 9] = [
        "fn",
        "struct",
        "enum",
        "trait",
        "type",
        "const",
        "static",
        "union",
        "macro_rules",
    ];
    let mut found = HashSet::new();
    let (mut depth, mut is_defined) = (0_usize, false);
    for token in tokens(code) {
        match token {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ if KEYWORDS.contains(&token) => is_defined = depth == 0,
            "!" => {}
            name if is_defined => {
                found.insert(name.to_owned());
                is_defined = false;
            }
            _ => {}
        }
    }
    found
}

fn tokens(code: &str) -> impl Iterator<Item = &str> {
    let mut rest = code;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let end = if is_name(first) {
            rest.find(|c| !is_name(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

/// Returns each path of at least two names.
fn paths(code: &str) -> impl Iterator<Item = Path> {
    let all: Vec<&str> = tokens(code).collect();
    let is_name = |token: &str| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut found = Vec::new();
    let mut at = 0;
    while at < all.len() {
        if !is_name(all[at]) {
            at += 1;
            continue;
        }
        let mut path = vec![all[at].to_owned()];
        while all.get(at + 1) == Some(&"::") && all.get(at + 2).is_some_and(|next| is_name(next)) {
            path.push(all[at + 2].to_owned());
            at += 2;
        }
        if path.len() > 1 {
            found.push(path);
        }
        at += 1;
    }
    found.into_iter()
}

/// Takes a tree of `use` apart, into paths and the names that they have here.
fn flatten(tree: &str, prefix: &mut Path, leaves: &mut Vec<(Path, String)>) {
    let tree = tree.trim();
    if let Some(group) = tree
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        for part in split_at_commas(group) {
            flatten(part, &mut prefix.clone(), leaves);
        }
        return;
    }
    if let Some((first, rest)) = tree.split_once("::") {
        prefix.push(first.trim().to_owned());
        return flatten(rest, prefix, leaves);
    }
    let (name, alias) = tree.split_once(" as ").unwrap_or((tree, tree));
    match name.trim() {
        "" => return,
        "self" => {}
        name => prefix.push(name.to_owned()),
    }
    let known_as = match alias.trim() {
        "self" => prefix.last().cloned().unwrap_or_default(),
        alias => alias.to_owned(),
    };
    leaves.push((prefix.clone(), known_as));
}

fn split_at_commas(group: &str) -> Vec<&str> {
    let (mut depth, mut from, mut parts) = (0_usize, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&group[from..]);
    parts
}

/// Returns a path from the root; `None` for one into another crate, or one that begins with a name in scope.
fn absolute(path: &[String], here: &[String]) -> Option<Path> {
    let mut base = here.to_vec();
    let mut at = 0;
    match path.first()?.as_str() {
        "crate" => return Some(path[1..].to_vec()),
        "self" => at = 1,
        "super" => {
            while path.get(at).is_some_and(|name| name == "super") {
                base.pop()?;
                at += 1;
            }
        }
        _ => return None,
    }
    base.extend_from_slice(&path[at..]);
    Some(base)
}

fn used_by(name: &Path, module: &Module, modules: &BTreeMap<Path, Module>) -> BTreeSet<Path> {
    let owners = module
        .used
        .iter()
        .filter_map(|path| owner(path, modules, 0));
    owners.filter(|owner| owner != name).collect()
}

/// Returns the module that defines what a path leads to.
fn owner(path: &[String], modules: &BTreeMap<Path, Module>, depth: usize) -> Option<Path> {
    const MOST_REEXPORTS: usize = 8;
    let known = (0..=path.len())
        .rev()
        .find(|length| modules.contains_key(&path[..*length]))?;
    let (name, rest) = path.split_at(known);
    let module = &modules[name];
    let Some(first) = rest.first() else {
        return Some(name.to_vec());
    };
    match module.imports.get(first) {
        Some(import) if !module.items.contains(first) && depth < MOST_REEXPORTS => owner(
            &[import.as_slice(), &rest[1..]].concat(),
            modules,
            depth + 1,
        ),
        _ => Some(name.to_vec()),
    }
}

/// Returns the sets of modules that reach each other.
fn circles(edges: &BTreeMap<Path, BTreeSet<Path>>) -> Vec<BTreeSet<Path>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = edges
        .keys()
        .map(|from| (from, reachable(from, edges)))
        .collect();
    let circle_of = |name: &Path| -> BTreeSet<Path> {
        let back = reached[name]
            .iter()
            .filter(|to| reached[**to].contains(name));
        back.map(|to| (*to).clone()).collect()
    };
    let found: BTreeSet<BTreeSet<Path>> = edges.keys().map(circle_of).collect();
    found
        .into_iter()
        .filter(|circle| circle.len() > 1)
        .collect()
}

fn reachable<'a>(from: &Path, edges: &'a BTreeMap<Path, BTreeSet<Path>>) -> BTreeSet<&'a Path> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&Path> = edges[from].iter().collect();
    while let Some(name) = next.pop() {
        if found.insert(name) {
            next.extend(edges.get(name).into_iter().flatten());
        }
    }
    found
}

#[test]
fn trees_of_use_are_taken_apart() {
    let mut leaves = Vec::new();
    flatten(
        "crate::{a::{self, B}, c as d}",
        &mut Vec::new(),
        &mut leaves,
    );
    let read: Vec<String> = leaves
        .iter()
        .map(|(path, name)| format!("{} {name}", path.join("::")))
        .collect();
    assert_eq!(read, ["crate::a a", "crate::a::B B", "crate::c d"]);
}

#[test]
fn a_circle_is_found_through_a_third_file() {
    let path = |name: &str| vec![name.to_owned()];
    let to = |names: &[&str]| names.iter().map(|name| path(name)).collect::<BTreeSet<_>>();
    let edges = BTreeMap::from([
        (path("a"), to(&["b"])),
        (path("b"), to(&["c"])),
        (path("c"), to(&["a"])),
        (path("d"), to(&["a"])),
    ]);
    assert_eq!(circles(&edges), [to(&["a", "b", "c"])]);
}
