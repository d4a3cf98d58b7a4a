//! What of a provenance the public may read: the number of records of a map less the counts that it shows is what it hides.

use crate::analysis::disclosure::{Policy, SUPPRESSED};
use crate::model::access::Principal;
use crate::model::provenance::Provenance;

/// How much of the records behind an answer its reader can count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// All of them, or no part that could be taken from the whole.
    All,
    /// So many, and some places with a small number each that is not shown.
    But {
        /// Records that can be counted.
        records: u64,
        /// Places with a hidden number.
        hidden: u64,
    },
    /// None: even their number is not shown.
    Nothing,
}

impl Shown {
    /// What released counts show.
    pub fn of(counts: impl Iterator<Item = Option<u64>>) -> Self {
        let (mut records, mut hidden) = (0, 0);
        for count in counts {
            match count {
                Some(count) => records += count,
                None => hidden += 1,
            }
        }
        if hidden == 0 { Shown::All } else { Shown::But { records, hidden } }
    }

    /// All, unless there is nothing to show.
    pub fn if_some<T>(released: Option<T>) -> Self {
        if released.is_some() { Shown::All } else { Shown::Nothing }
    }
}

/// Takes out of a provenance that the public will read what would give a hidden number away: the records become a range
/// that says no more than the answer does, and records left out are not counted.
pub(super) fn guard(provenance: &mut Provenance, policy: Policy, who: &Principal, shown: Shown) {
    if !who.is_public() {
        return;
    }
    without_small(provenance, policy, who);
    let small = (1..u64::from(policy.threshold)).contains(&provenance.rows);
    match shown {
        Shown::But { records, hidden } => {
            let most = u64::from(policy.threshold.saturating_sub(1));
            provenance.rows = records + hidden;
            provenance.rows_at_most = Some(records + hidden * most);
            provenance.excluded.clear();
            provenance.parameters.insert(
                "records_not_shown".to_owned(),
                format!(
                    "{hidden} {} 1 to {most} records that are not shown: the number of records is a range, and records left \
                     out are not counted here",
                    if hidden == 1 { "place holds" } else { "places each hold" }
                ),
            );
        }
        Shown::All if !small => {}
        Shown::All | Shown::Nothing => {
            provenance.rows = 0;
            provenance.excluded.clear();
            provenance.undefined_reason = Some(SUPPRESSED.to_owned());
        }
    }
}

/// Takes reasons with a small number out of a provenance that the public will read.
pub(super) fn without_small(provenance: &mut Provenance, policy: Policy, who: &Principal) {
    if who.is_public() {
        provenance.excluded.retain(|_, count| *count >= u64::from(policy.threshold));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::access::Role;

    const POLICY: Policy = Policy { threshold: 5 };

    fn read_by(role: Role, rows: u64, shown: Shown) -> Provenance {
        let who = Principal { name: "r".into(), roles: vec![role], via: "test", purpose: None };
        let excluded = BTreeMap::from([("no_location".to_owned(), 7), ("outside_study_area".to_owned(), 2)]);
        let mut provenance = Provenance { rows, excluded, ..Provenance::default() };
        guard(&mut provenance, POLICY, &who, shown);
        provenance
    }

    #[test]
    fn a_single_hidden_cell_is_not_the_whole_less_the_others() {
        let cells = |small| [Some(20), Some(0), None, Some(9)].map(|count: Option<u64>| count.or(small));
        let mut seen = Vec::new();
        for truth in 1..5 {
            let shown = Shown::of(cells(None).into_iter());
            seen.push(read_by(Role::Public, 29 + truth, shown));
        }
        assert_eq!((seen[0].rows, seen[0].rows_at_most), (30, Some(33)));
        assert!(seen.iter().all(|one| *one == seen[0]), "the provenance is the same whatever the cell holds");
        assert!(
            seen[0].excluded.is_empty() && seen[0].parameters["records_not_shown"].starts_with("1 place holds 1 to 4")
        );
        assert_eq!(seen[0].counted(), "30 to 33");
    }

    #[test]
    fn the_force_reads_what_is_there() {
        let provenance = read_by(Role::Analyst, 31, Shown::of([Some(29), None].into_iter()));
        assert_eq!((provenance.rows, provenance.rows_at_most, provenance.excluded.len()), (31, None, 2));
    }

    #[test]
    fn what_shows_everything_keeps_its_number_unless_that_is_small() {
        let whole = read_by(Role::Public, 31, Shown::All);
        assert_eq!((whole.rows, whole.excluded.len()), (31, 1));
        for (rows, shown) in [(3, Shown::All), (31, Shown::Nothing)] {
            let provenance = read_by(Role::Public, rows, shown);
            assert_eq!((provenance.rows, provenance.undefined_reason.as_deref()), (0, Some(SUPPRESSED)));
            assert!(provenance.excluded.is_empty());
        }
    }
}
