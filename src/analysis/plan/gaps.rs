//! Numbers that are missing between the references of a plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{Register, numbers};

/// References and sections that a plan's numbering passes over: every level counts from 1, so a first number above 1 is
/// a gap, and so is every number between two that are there. Sections above the plan's own tables are not looked at.
pub(super) fn missing(register: &Register) -> Vec<String> {
    let mut children: BTreeMap<Vec<u32>, BTreeSet<u32>> = BTreeMap::new();
    for objective in &register.objective {
        let Some(reference) = numbers(&objective.reference) else { continue };
        for length in 3..=reference.len() {
            let (parent, own) = (&reference[..length - 1], reference[length - 1]);
            children.entry(parent.to_vec()).or_default().insert(own);
        }
    }
    let mut gaps = Vec::new();
    for (parent, own) in children {
        let last = own.last().copied().unwrap_or(0);
        for number in (1..last).filter(|number| !own.contains(number)) {
            let path: Vec<String> = parent.iter().chain(Some(&number)).map(ToString::to_string).collect();
            gaps.push(path.join("."));
        }
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::owner::Owners;

    #[test]
    fn the_plan_has_one_gap() {
        let plan = Register::builtin(&Owners::builtin().unwrap()).unwrap();
        assert_eq!(missing(&plan), ["3.4.8.1"]);
        let mut shorter = plan;
        shorter.objective.retain(|o| o.reference != "3.1.3.2" && !o.reference.starts_with("3.2.2."));
        assert_eq!(missing(&shorter), ["3.1.3.2", "3.2.2", "3.4.8.1"].map(str::to_owned), "in the order of the plan");
    }
}
