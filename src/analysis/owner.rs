//! Who owns a measure or a milestone: one id for the many spellings of a role.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::toml_error;
use crate::error::{Error, Result};

/// Roles and their spellings.
#[derive(Debug, Clone)]
pub struct Owners {
    names: BTreeMap<String, String>,
    /// Spelling and id, longest spelling first.
    spellings: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    owner: Vec<RawOwner>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOwner {
    id: String,
    name: String,
    aliases: Vec<String>,
}

impl Owners {
    /// The roles of the 2017 Policing Plan.
    ///
    /// # Errors
    /// `Input` if the embedded file is wrong.
    pub fn builtin() -> Result<Self> {
        Self::parse(include_str!("../../reports/aliases.toml"), "reports/aliases.toml")
    }

    /// Reads an alias file; `origin` is named in errors.
    ///
    /// # Errors
    /// `Input` naming the place, or the id or spelling that is there twice.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let raw: Raw = toml::from_str(text).map_err(|cause| toml_error(text, origin, &cause))?;
        let mut names = BTreeMap::new();
        let mut spellings: Vec<(String, String)> = Vec::new();
        for owner in raw.owner {
            for alias in owner.aliases {
                if spellings.iter().any(|(known, _)| *known == alias) {
                    return Err(Error::input(format!("the spelling `{alias}` is there twice")).at(origin));
                }
                spellings.push((alias, owner.id.clone()));
            }
            if names.insert(owner.id.clone(), owner.name).is_some() {
                return Err(Error::input(format!("the id `{}` is there twice", owner.id)).at(origin));
            }
        }
        spellings.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.0.cmp(&b.0)));
        Ok(Self { names, spellings })
    }

    /// Full name of a role.
    pub fn name(&self, id: &str) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// Id of a role by its full name, in any case.
    pub fn id(&self, name: &str) -> Option<String> {
        self.names.iter().find(|(_, full)| full.eq_ignore_ascii_case(name)).map(|(id, _)| id.clone())
    }

    /// The roles that a cell of the plan names. The plan writes them one after another without a mark between, so the
    /// text is read from left to right and the longest spelling that fits is taken.
    ///
    /// # Errors
    /// `Input` with the part that is no known spelling.
    pub fn resolve(&self, cell: &str) -> Result<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        for (_, id) in self.taken_apart(cell)? {
            if !found.iter().any(|known| known == id) {
                found.push(id.to_owned());
            }
        }
        Ok(found)
    }

    /// The spellings in a cell of the plan, in their order, each with the id of its role.
    ///
    /// # Errors
    /// As of [`Owners::resolve`].
    pub fn taken_apart(&self, cell: &str) -> Result<Vec<(&str, &str)>> {
        let mut rest = cell.trim_start_matches([' ', ',']);
        let mut found: Vec<(&str, &str)> = Vec::new();
        while !rest.is_empty() {
            let Some((spelling, id)) = self.spellings.iter().find(|(spelling, _)| rest.starts_with(spelling.as_str()))
            else {
                return Err(Error::input(format!("`{rest}` is not an owner in reports/aliases.toml")));
            };
            found.push((spelling, id));
            rest = rest[spelling.len()..].trim_start_matches([' ', ',']);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_one_role_are_one_owner() {
        let owners = Owners::builtin().unwrap();
        assert_eq!(owners.resolve("Supt Ops").unwrap(), owners.resolve("Supt Operations").unwrap());
        assert_eq!(
            owners.resolve("DCI Crime Operations").unwrap(),
            owners.resolve("Det Ch. Insp Crime Operations").unwrap()
        );
        assert_eq!(owners.resolve("Corporate Comms Manager Corporate Comms Manager").unwrap().len(), 1);
    }

    #[test]
    fn cells_without_a_delimiter_are_taken_apart() {
        let owners = Owners::builtin().unwrap();
        let count = |cell: &str| owners.resolve(cell).unwrap().len();
        assert_eq!(count("Det Ch. Insp Intelligence Det Ch. Insp Crime Operations"), 2);
        assert_eq!(count("HA Finance Director Corporate Services Performance Manager"), 3);
        assert_eq!(count("Fleet Manager Information Security Officer Head of IT"), 3);
        assert_eq!(count("Ch. Insp, Insp., Public Order Team, Public Order, Training Dept."), 2);
        assert_eq!(count("Project Manager, Decommissioning Team & Property Holdings Department Head of IT"), 3);
        assert!(owners.resolve("Chief Cook").is_err());
    }
}
