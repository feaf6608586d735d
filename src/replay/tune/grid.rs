//! Which policies are tried: a policy file in which lists stand for alternatives.

use serde_json::Value;

use crate::presence::Policy;

/// More policies than this are a mistake in the file.
const MOST: usize = 200_000;

/// A policy, and what of it the grid has set.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub policy: Policy,
    /// Names, such as `face.enter`, with their values.
    pub settings: Vec<(String, Value)>,
}

/// All combinations of a grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    pub candidates: Vec<Candidate>,
    /// Combinations that are no policy, such as `keep` above `enter`.
    pub impossible: usize,
}

/// Reads a grid, in TOML or JSON. What it does not name is as in `base`. In one line: why it is none.
pub fn parse(text: &str, base: &Policy) -> Result<Grid, String> {
    let grid: Value = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        toml::from_str(text).map_err(|error| error.to_string().replace('\n', " "))?
    };
    let mut axes = Vec::new();
    collect(&grid, "", &mut axes)?;
    let count = axes.iter().try_fold(1_usize, |count, (_, values)| count.checked_mul(values.len()));
    let count = count.filter(|count| *count <= MOST);
    let count = count.ok_or_else(|| format!("more than {MOST} combinations"))?;
    let base = exact(base)?;
    let mut found = Grid { candidates: Vec::new(), impossible: 0 };
    for number in 0..count {
        let (mut rest, mut policy, mut settings) = (number, base.clone(), Vec::new());
        for (name, values) in axes.iter().rev() {
            let value = &values[rest % values.len()];
            rest /= values.len();
            set(&mut policy, name, value.clone());
            settings.push((name.clone(), value.clone()));
        }
        settings.reverse();
        let policy: Policy = serde_json::from_value(policy).map_err(|error| error.to_string())?;
        if policy.faults().is_empty() {
            found.candidates.push(Candidate { policy, settings });
        } else {
            found.impossible += 1;
        }
    }
    if found.candidates.is_empty() {
        return Err("no combination is a policy that can be used".to_owned());
    }
    Ok(found)
}

/// A policy as numbers that read as they were written.
pub(in crate::replay) fn exact(policy: &Policy) -> Result<Value, String> {
    let text = serde_json::to_string(policy).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn collect(value: &Value, name: &str, axes: &mut Vec<(String, Vec<Value>)>) -> Result<(), String> {
    match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let dot = if name.is_empty() { "" } else { "." };
                collect(value, &format!("{name}{dot}{field}"), axes)?;
            }
        }
        Value::Array(values) if values.is_empty() => {
            return Err(format!("{name}: expected at least one value"));
        }
        Value::Array(values) => axes.push((name.to_owned(), values.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            axes.push((name.to_owned(), vec![value.clone()]));
        }
    }
    Ok(())
}

/// Sets one setting, by a name such as `face.enter`.
pub(in crate::replay) fn set(policy: &mut Value, name: &str, value: Value) {
    let mut place = policy;
    for part in name.split('.') {
        if !place.is_object() {
            *place = Value::Object(serde_json::Map::new());
        }
        let Some(fields) = place.as_object_mut() else { return };
        place = fields.entry(part).or_insert(Value::Null);
    }
    *place = value;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_alternatives_and_all_combinations_are_tried() {
        let text =
            "record_after_ms = [500, 1000]\nmerge_gap_ms = 700\n[face]\nenter = [0.4, 0.6, 0.8]\n";
        let grid = parse(text, &Policy::default()).unwrap();
        // 0.4 lies below `keep`.
        assert_eq!((grid.candidates.len(), grid.impossible), (4, 2));
        let first = &grid.candidates[0];
        assert_eq!((first.policy.face.enter, first.policy.merge_gap_ms), (0.6, 700));
        let names: Vec<&str> = first.settings.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["face.enter", "merge_gap_ms", "record_after_ms"]);
        let json = r#"{"record_after_ms": [500, 1000], "merge_gap_ms": 700, "face": {"enter": [0.4, 0.6, 0.8]}}"#;
        assert_eq!(parse(json, &Policy::default()).unwrap(), grid);
    }

    #[test]
    fn names_and_values_that_no_policy_has_are_told() {
        for (text, part) in [
            ("record_aftr_ms = [1]", "unknown field `record_aftr_ms`"),
            ("record_after_ms = []", "record_after_ms: expected at least one value"),
            ("record_after_ms = [\"soon\"]", "invalid type: string \"soon\""),
            ("confirm_ms = [1", "TOML parse error"),
            ("record_after_ms = [9000]", "no combination is a policy that can be used"),
        ] {
            let error = parse(text, &Policy::default()).unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{error}");
        }
    }
}
