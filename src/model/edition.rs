//! Editions of a report: what is published under a number, and what became of it. An edition is never changed in
//! silence: every step is an entry that stays, and the state of an edition follows from the entries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What an edition is worth today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Built, and nobody has put a name to it.
    Draft,
    /// Signed while records are still expected: figures will be revised.
    Provisional,
    /// Signed as it stands.
    Final,
    /// Final, in place of an earlier final edition that was wrong or was overtaken.
    Corrected,
    /// Another edition took its place.
    Superseded,
    /// Taken back: not to be used.
    Withdrawn,
}

impl State {
    /// Name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Provisional => "provisional",
            State::Final => "final",
            State::Corrected => "corrected",
            State::Superseded => "superseded",
            State::Withdrawn => "withdrawn",
        }
    }

    /// What it means, in one sentence.
    pub fn words(self) -> &'static str {
        match self {
            State::Draft => "Draft: not signed.",
            State::Provisional => "Provisional: records are still expected and figures may be revised.",
            State::Final => "Final.",
            State::Corrected => "Corrected: it replaces an earlier final edition; the changes are listed.",
            State::Superseded => "Superseded: a later edition took its place.",
            State::Withdrawn => "Withdrawn: not to be used.",
        }
    }

    /// A shape for the state, so that colour is never needed.
    pub fn shape(self) -> &'static str {
        match self {
            State::Draft => "○",
            State::Provisional => "◐",
            State::Final | State::Corrected => "●",
            State::Superseded => "▷",
            State::Withdrawn => "✕",
        }
    }
}

/// Name of an edition: `authority-2017-Q4-2` is the second one for the Authority of that quarter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EditionId {
    /// `authority` or `public`.
    pub audience: String,
    /// `2017-Q4`, `2017` or `2017-05`.
    pub period: String,
    /// 1, 2, 3… for the same audience and period.
    pub number: u32,
}

impl EditionId {
    /// Reads `authority-2017-Q4-2`.
    ///
    /// # Errors
    /// `Input` if it is not a name of an edition.
    ///
    /// # Example
    /// ```
    /// use vigie::model::edition::EditionId;
    /// let id = EditionId::parse("public-2017-Q4-2")?;
    /// assert_eq!((id.audience.as_str(), id.period.as_str(), id.number), ("public", "2017-Q4", 2));
    /// assert_eq!(id.to_string(), "public-2017-Q4-2");
    /// # Ok::<(), vigie::error::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::input(format!(
                "`{text}` is not an edition; `vigie report list` names them, for example authority-2017-Q4-1"
            ))
        };
        let (audience, rest) = text.split_once('-').ok_or_else(wrong)?;
        let (period, number) = rest.rsplit_once('-').ok_or_else(wrong)?;
        let is_plain =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let number = number.parse().ok().filter(|number| *number > 0).ok_or_else(wrong)?;
        if !is_plain(audience) || !is_plain(period) {
            return Err(wrong());
        }
        Ok(Self { audience: audience.to_owned(), period: period.to_owned(), number })
    }
}

impl std::fmt::Display for EditionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}-{}", self.audience, self.period, self.number)
    }
}

/// One step in the life of an edition, as the control database keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionEntry {
    /// Which edition.
    #[serde(flatten)]
    pub id: EditionId,
    /// What happened.
    pub step: Step,
    /// Who did it.
    pub by: String,
    /// When, in UTC (RFC 3339).
    pub at: String,
    /// What they said about it; empty if nothing.
    #[serde(default)]
    pub note: String,
    /// Store version that the figures come from.
    pub store_version: u64,
    /// Set of files that holds after this step, from 1: each signing writes a new set and leaves the one before.
    pub revision: u32,
    /// Digest of the manifest after this step: it holds the digests of all files.
    pub manifest_sha256: String,
}

/// A kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Built.
    Built,
    /// Signed while records are still expected.
    SignedProvisional,
    /// Signed as it stands.
    SignedFinal,
    /// Taken back.
    Withdrawn,
}

/// State of an edition by all entries, oldest first. **Undefined**: `None` for an edition that was never built.
///
/// **Method**: its own last step, unless a later-signed edition of the same audience and period overtook it; a final one
/// that overtook an earlier final one is *corrected*.
///
/// # Example
/// ```
/// use vigie::model::edition::{EditionEntry, EditionId, State, Step, state_of};
/// let entry = |number, step| EditionEntry {
///     id: EditionId { audience: "public".into(), period: "2017".into(), number }, step, by: "pm".into(),
///     at: "2018-01-10T09:00:00Z".into(), note: String::new(), store_version: 3, revision: 1,
///     manifest_sha256: String::new(),
/// };
/// let entries = [
///     entry(1, Step::Built), entry(1, Step::SignedFinal), entry(2, Step::Built), entry(2, Step::SignedFinal),
/// ];
/// assert_eq!(state_of(&entries, &entries[0].id), Some(State::Superseded));
/// assert_eq!(state_of(&entries, &entries[2].id), Some(State::Corrected));
/// ```
pub fn state_of(entries: &[EditionEntry], id: &EditionId) -> Option<State> {
    let of_period = |entry: &&EditionEntry| entry.id.audience == id.audience && entry.id.period == id.period;
    let own = entries.iter().rposition(|entry| entry.id == *id)?;
    let step = entries[own].step;
    let signed = |entry: &&EditionEntry| matches!(entry.step, Step::SignedProvisional | Step::SignedFinal);
    if step == Step::Withdrawn {
        return Some(State::Withdrawn);
    }
    let withdrawn = |other: &EditionId| entries.iter().any(|entry| entry.id == *other && entry.step == Step::Withdrawn);
    let overtaken = step != Step::Built
        && entries[own + 1..].iter().filter(of_period).filter(signed).any(|entry| {
            entry.id != *id
                && !withdrawn(&entry.id)
                && (step == Step::SignedProvisional || entry.step == Step::SignedFinal)
        });
    if overtaken {
        return Some(State::Superseded);
    }
    Some(match step {
        Step::Built => State::Draft,
        Step::SignedProvisional => State::Provisional,
        Step::SignedFinal | Step::Withdrawn => {
            let replaces = entries[..own].iter().filter(of_period).any(|e| e.id != *id && e.step == Step::SignedFinal);
            if replaces { State::Corrected } else { State::Final }
        }
    })
}

/// Whether a step may follow what happened to an edition so far.
///
/// # Errors
/// `Input` with the reason: a final edition is not signed again, a withdrawn one not at all; one that would replace a
/// final edition, or is taken back, needs a note that says why.
pub fn check_step(entries: &[EditionEntry], id: &EditionId, step: Step, note: &str) -> Result<()> {
    let state = state_of(entries, id).ok_or_else(|| Error::missing(format!("there is no edition {id}")))?;
    let refuse = |why: &str| Err(Error::input(format!("edition {id} is {}: {why}", state.name())));
    match (step, state) {
        (Step::Built, _) => refuse("build another one"),
        (_, State::Withdrawn) => refuse("nothing can follow"),
        (Step::Withdrawn, _) if note.trim().is_empty() => Err(Error::input("say why it is withdrawn").at("--note")),
        (Step::Withdrawn, _) | (Step::SignedProvisional, State::Draft) => Ok(()),
        (Step::SignedFinal, State::Draft | State::Provisional) => {
            let earlier = entries.iter().any(|entry| {
                entry.id.audience == id.audience
                    && entry.id.period == id.period
                    && entry.id != *id
                    && entry.step == Step::SignedFinal
            });
            if earlier && note.trim().is_empty() {
                return Err(Error::input(format!(
                    "a final edition of {} {} exists: say why this one replaces it",
                    id.audience, id.period
                ))
                .at("--note"));
            }
            Ok(())
        }
        (Step::SignedProvisional | Step::SignedFinal, _) => refuse("it cannot be signed"),
    }
}

/// What an edition was made from and what it consists of: enough to say a year later which definition, which records and
/// which program made a figure, and to notice any changed byte.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this form; 1.
    pub schema: u32,
    /// Name of the edition.
    pub edition: String,
    /// What it is worth.
    pub state: State,
    /// Name of the force.
    pub force: String,
    /// Whether the records are synthetic.
    pub synthetic: bool,
    /// First island date.
    pub from: String,
    /// The date after the last.
    pub to: String,
    /// Store version that was read.
    pub store_version: u64,
    /// When that version was committed (UTC): records loaded later are not in the figures.
    pub records_loaded_to: String,
    /// Last island date of the data.
    pub data_cut_off: String,
    /// Calendar and time zone of the periods.
    pub calendar: String,
    /// Program and version.
    pub generated_by: String,
    /// Signed edition that this one is compared with, if there is one.
    pub before: Option<String>,
    /// Definition behind each measure.
    pub definitions: Vec<DefinitionLine>,
    /// Extracts behind the store version.
    pub inputs: Vec<InputLine>,
    /// What disclosure control did, in counts only.
    pub disclosure: BTreeMap<String, u64>,
    /// Who signed, and when; nobody for a draft.
    pub signed: Option<Signature>,
    /// Every other file of the edition.
    pub files: Vec<FileLine>,
}

/// A definition in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionLine {
    /// Number in the plan.
    pub measure: String,
    /// Name.
    pub id: String,
    /// Version.
    pub version: String,
    /// Hash of definition and query.
    pub hash: String,
}

/// An extract in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InputLine {
    /// Feed it was read with.
    pub feed: String,
    /// File name without its folder.
    pub name: String,
    /// Digest of its bytes.
    pub sha256: String,
}

/// A signature in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Account.
    pub by: String,
    /// Island date.
    pub on: String,
    /// What they said about it.
    pub note: String,
}

/// A file in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLine {
    /// Name within the edition's folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Digest of its bytes.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> EditionId {
        EditionId { audience: "authority".into(), period: "2017-Q4".into(), number }
    }

    fn entry(number: u32, step: Step) -> EditionEntry {
        EditionEntry {
            id: id(number),
            step,
            by: "pm".into(),
            at: "2018-01-10T09:00:00Z".into(),
            note: String::new(),
            store_version: 9,
            revision: 1,
            manifest_sha256: String::new(),
        }
    }

    #[test]
    fn a_life_from_draft_to_superseded() {
        let mut entries = vec![entry(1, Step::Built)];
        assert_eq!(state_of(&entries, &id(1)), Some(State::Draft));
        assert_eq!(state_of(&entries, &id(2)), None);
        entries.push(entry(1, Step::SignedProvisional));
        assert_eq!(state_of(&entries, &id(1)), Some(State::Provisional));
        entries.push(entry(2, Step::Built));
        assert_eq!(state_of(&entries, &id(1)), Some(State::Provisional), "a draft overtakes nothing");
        entries.push(entry(2, Step::SignedFinal));
        assert_eq!(state_of(&entries, &id(1)), Some(State::Superseded));
        assert_eq!(state_of(&entries, &id(2)), Some(State::Final), "a provisional one is not corrected by it");
        entries.push(entry(3, Step::Built));
        entries.push(entry(3, Step::SignedFinal));
        assert_eq!(state_of(&entries, &id(2)), Some(State::Superseded));
        assert_eq!(state_of(&entries, &id(3)), Some(State::Corrected));
        entries.push(entry(3, Step::Withdrawn));
        assert_eq!(state_of(&entries, &id(3)), Some(State::Withdrawn));
        assert_eq!(state_of(&entries, &id(2)), Some(State::Final), "what overtook it is gone");
    }

    #[test]
    fn steps_that_may_not_follow_are_refused_with_a_reason() {
        let entries = [entry(1, Step::Built), entry(1, Step::SignedFinal), entry(2, Step::Built)];
        let refused = |number, step, note| check_step(&entries, &id(number), step, note).unwrap_err().to_string();
        assert!(refused(1, Step::SignedFinal, "").contains("is final: it cannot be signed"));
        assert!(refused(2, Step::SignedFinal, " ").contains("say why this one replaces it"));
        assert!(refused(2, Step::Withdrawn, "").contains("say why"));
        assert!(refused(3, Step::SignedFinal, "").contains("there is no edition"));
        check_step(&entries, &id(2), Step::SignedFinal, "late records").unwrap();
        check_step(&entries, &id(2), Step::SignedProvisional, "").unwrap();
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for text in ["", "authority", "authority-2017-Q4", "authority-2017-Q4-0", "a-../x-1", "authority-2017-Q4-1/.."]
        {
            let found = EditionId::parse(text);
            assert!(found.is_err() || found.unwrap().to_string() == text && !text.contains(['/', '.']), "{text}");
        }
        assert!(EditionId::parse("authority-..-1").is_err());
    }
}
