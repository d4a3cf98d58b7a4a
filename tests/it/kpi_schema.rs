//! The JSON Schema of KPI files says what the program reads: no field more, none less, and the words of every choice.

use std::fs;
use std::path::Path;

use serde_json::Value;
use vigie::analysis::definition::Kpi;
use vigie::analysis::owner::Owners;

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/kpi.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// What the reader says of a file in which one key is none of its own: the fields that it knows there.
fn fields(toml: &str) -> Vec<String> {
    let message = Kpi::parse(toml, "x.toml", &Owners::builtin().unwrap()).unwrap_err().to_string();
    let (_, known) = message.split_once("expected").unwrap_or_else(|| panic!("{message}"));
    let mut names: Vec<String> = known.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    names.sort();
    names
}

fn properties(part: &Value) -> Vec<String> {
    let mut names: Vec<String> = part["properties"].as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

const HEAD: &str = "schema = 1\nid = \"a\"\ntitle = \"a\"\nowner = \"supt-operations\"\ndirection = \"neutral\"\nunit = \"count\"\nsensitivity = \"official\"\n";

#[test]
fn every_field_is_in_the_schema_and_every_one_of_the_schema_is_read() {
    let schema = schema();
    assert_eq!(fields("none_of_ours = 1\n"), properties(&schema), "the file itself");
    let definition = |inner: &str| format!("{HEAD}[[definition]]\n{inner}\n");
    let parts: [(&str, String); 18] = [
        ("definition", definition("none_of_ours = 1")),
        ("approved", definition("approved = { none_of_ours = 1 }")),
        ("clock", definition("clock = { none_of_ours = 1 }")),
        ("threshold", definition("threshold = { none_of_ours = 1 }")),
        ("quantiles", definition("quantiles = { none_of_ours = 1 }")),
        ("distinct", definition("distinct = { none_of_ours = 1 }")),
        ("repeat", definition("distinct = { repeat = { none_of_ours = 1 } }")),
        ("survey", definition("survey = { none_of_ours = 1 }")),
        ("people", definition("people = [{ none_of_ours = 1 }]")),
        ("exclusion", definition("exclude = [{ none_of_ours = 1 }]")),
        ("time_dim", definition("time_dim = { none_of_ours = 1 }")),
        ("milestone", definition("milestone = [{ none_of_ours = 1 }]")),
        ("target", format!("{HEAD}[[target]]\nnone_of_ours = 1\n")),
        ("spc", format!("{HEAD}[spc]\nnone_of_ours = 1\n")),
        ("rebase", format!("{HEAD}[spc]\nrebase = [{{ none_of_ours = 1 }}]\n")),
        ("compare", format!("{HEAD}[compare]\nnone_of_ours = 1\n")),
        ("publish", format!("{HEAD}[publish]\nnone_of_ours = 1\n")),
        ("example", format!("{HEAD}[[example]]\nnone_of_ours = 1\n")),
    ];
    for (name, toml) in parts {
        assert_eq!(fields(&toml), properties(&schema["$defs"][name]), "{name}");
    }
}

#[test]
fn every_choice_is_in_the_schema() {
    let schema = schema();
    let listed = |part: &Value| -> Vec<String> {
        let mut words: Vec<String> =
            part["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect();
        words.sort();
        words
    };
    let kind = format!("{HEAD}[[definition]]\nkind = \"none_of_ours\"\n");
    assert_eq!(fields(&kind), listed(&schema["$defs"]["definition"]["properties"]["kind"]));
    let grain = format!("{HEAD}[[definition]]\ntime_dim = {{ grain = \"none_of_ours\" }}\n");
    assert_eq!(fields(&grain), listed(&schema["$defs"]["grain"]));
    let marking = HEAD.replace("\"official\"", "\"none_of_ours\"");
    assert_eq!(fields(&marking), listed(&schema["properties"]["sensitivity"]));
}

/// A small judge of the parts of JSON Schema that ours uses.
fn wrong(value: &toml::Value, part: &Value, root: &Value, path: &str) -> Option<String> {
    if let Some(name) = part["$ref"].as_str() {
        let target = &root["$defs"][name.trim_start_matches("#/$defs/")];
        return wrong(value, target, root, path);
    }
    if let Some(choices) = part["oneOf"].as_array() {
        let fits = choices.iter().filter(|choice| wrong(value, choice, root, path).is_none()).count();
        return (fits != 1).then(|| format!("{path}: {fits} of the forms fit"));
    }
    if let Some(words) = part["enum"].as_array() {
        let word = value.as_str().unwrap_or_default();
        return (!words.iter().any(|known| known == word)).then(|| format!("{path}: {value}"));
    }
    match value {
        toml::Value::Table(table) => {
            for needed in part["required"].as_array().into_iter().flatten() {
                if !table.contains_key(needed.as_str().unwrap()) {
                    return Some(format!("{path}: no {needed}"));
                }
            }
            table.iter().find_map(|(key, value)| match part["properties"].get(key) {
                Some(inner) => wrong(value, inner, root, &format!("{path}.{key}")),
                None if part["additionalProperties"].is_object() => None,
                None => Some(format!("{path}.{key}: not in the schema")),
            })
        }
        toml::Value::Array(list) => list.iter().find_map(|value| wrong(value, &part["items"], root, path)),
        _ => None,
    }
}

#[test]
fn every_shipped_file_fits_the_schema() {
    let schema = schema();
    for folder in ["reports/kpis", "docs/guide/kpis"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|suffix| suffix != "toml") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let value: toml::Value = toml::from_str(&text).unwrap();
            assert_eq!(wrong(&value, &schema, &schema, "file"), None, "{}", path.display());
            Kpi::parse(&text, "file", &Owners::builtin().unwrap()).unwrap();
        }
    }
}
