//! Who may know whom: every module uses only modules of lower layers.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Bottom first. Modules on one layer do not see each other.
const LAYERS: [&[&str]; 8] = [
    &["time", "geometry", "redact", "words"],
    &["frame", "detection", "report"],
    &["presence", "health", "backoff", "pace", "supervise", "score", "trust"],
    &["clock", "capture", "detector", "machine", "spool"],
    &["pipeline", "upload", "logging", "settings", "theme"],
    &["replay"],
    &["agent"],
    &["ui", "label", "server"],
];
/// The backend shares nothing with the agent but the words on the wire; the policy is one of them. How words
/// are looked up by language knows neither.
const SERVER_USES: [&str; 7] =
    ["time", "report", "redact", "trust", "logging", "presence", "words"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The module that a file belongs to: the first part of its path below src.
fn module_of(file: &Path) -> Option<String> {
    let relative = file.strip_prefix(source()).unwrap();
    let first = relative.iter().next()?.to_string_lossy().into_owned();
    let module = first.trim_end_matches(".rs").to_owned();
    (!["lib", "main", "bin"].contains(&&*module)).then_some(module)
}

/// Code without comments and without its tests, which may use anything.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Names after `crate::`, the ones within braces, too.
fn uses_of(code: &str) -> BTreeSet<String> {
    let name = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut uses = BTreeSet::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => {
                let list = list.split("};").next().unwrap();
                uses.extend(list.split(',').map(|part| name(part.trim())));
            }
            None => {
                uses.insert(name(after));
            }
        }
    }
    uses.remove("");
    uses
}

fn graph() -> BTreeMap<String, BTreeSet<String>> {
    let mut graph = BTreeMap::<String, BTreeSet<String>>::new();
    for file in rust_files(&source()) {
        let Some(module) = module_of(&file) else { continue };
        let uses = uses_of(&code_of(&fs::read_to_string(&file).unwrap()));
        let known = graph.entry(module.clone()).or_default();
        known.extend(uses.into_iter().filter(|used| *used != module));
    }
    graph
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn every_module_stands_on_a_layer() {
    for module in graph().keys() {
        assert!(layer_of(module).is_some(), "{module} stands on no layer: add it to LAYERS");
    }
}

#[test]
fn modules_use_only_lower_layers() {
    let mut broken = Vec::new();
    for (module, uses) in graph() {
        for used in uses {
            let (Some(own), Some(other)) = (layer_of(&module), layer_of(&used)) else {
                broken.push(format!("{module} uses {used}, which is no module"));
                continue;
            };
            if other >= own {
                broken.push(format!("{module} (layer {own}) uses {used} (layer {other})"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_server_shares_only_the_words_on_the_wire() {
    let graph = graph();
    let uses = graph.get("server").cloned().unwrap_or_default();
    let foreign: Vec<_> =
        uses.iter().filter(|used| !SERVER_USES.contains(&used.as_str())).collect();
    assert!(foreign.is_empty(), "server uses {foreign:?}");
}

#[test]
fn replay_reads_no_clock() {
    assert!(!graph()["replay"].contains("clock"), "time in replay comes from the recording alone");
}

#[test]
fn modules_are_named_from_the_root_and_not_from_their_grandparents() {
    for file in rust_files(&source()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(!code_of(&text).contains("super::super"), "{}", file.display());
    }
}

#[test]
fn the_check_itself_sees_what_it_should() {
    let code = "use crate::time::MediaTime;\nuse crate::{frame, report::Kind};\nlet x = crate::clock::now();";
    let uses: Vec<_> = uses_of(code).into_iter().collect();
    assert_eq!(uses, ["clock", "frame", "report", "time"]);
}
