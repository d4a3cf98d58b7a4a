//! Who asks, why, and whether they may. Deny by default: an action without a rule is refused.

use serde::Serialize;

use crate::error::{Error, Result};

/// What a person or machine is allowed to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Released figures only.
    Public,
    /// Overlays and trends of an area.
    Officer,
    /// Every analytic question; loads data.
    Analyst,
    /// Plans patrols; authorises.
    Inspector,
    /// KPIs and reports.
    PerformanceManager,
    /// The audit, and no records.
    Auditor,
    /// Runs the store, and sees no records by that role alone.
    Admin,
}

impl Role {
    /// All roles, least first.
    pub const ALL: [Role; 7] = [
        Role::Public,
        Role::Officer,
        Role::Analyst,
        Role::Inspector,
        Role::PerformanceManager,
        Role::Auditor,
        Role::Admin,
    ];

    /// Name in JSON, the audit and the command line.
    pub fn name(self) -> &'static str {
        match self {
            Role::Public => "public",
            Role::Officer => "officer",
            Role::Analyst => "analyst",
            Role::Inspector => "inspector",
            Role::PerformanceManager => "performance_manager",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Who is asking. Every trip of `app` takes one.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Account or token name, as the audit shows it.
    pub name: String,
    /// What they may be; never empty.
    pub roles: Vec<Role>,
    /// How they came in: `local account`, `first-run token`.
    pub via: &'static str,
    /// Why they ask, where records of single people or vehicles are read.
    pub purpose: Option<Purpose>,
}

impl Principal {
    /// Whether one of the roles is `role`.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether they see only what is released to everybody.
    pub fn is_public(&self) -> bool {
        self.roles.iter().all(|role| *role == Role::Public)
    }

    /// Role names joined by `+`, as the audit shows them.
    pub fn role_names(&self) -> String {
        self.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join("+")
    }
}

/// Why records are read: a code of a fixed list and a reference (incident, crime or authority number).
#[derive(Debug, Clone, Serialize)]
pub struct Purpose {
    /// Code of the list.
    pub code: String,
    /// Number that can be checked.
    pub reference: String,
}

/// What a trip does, as far as access goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Make or change a store, areas or roads.
    Administer,
    /// Load an extract.
    Load,
    /// Counts by cell, area, month: hotspots, tiles, trend, flow.
    AskAggregate,
    /// KPI values and reports.
    AskPerformance,
    /// Sign an edition of a report, or take one back.
    SignReport,
    /// Named queries of the catalogue: counts as they are, before release.
    AskQuery,
    /// Single records: free SQL.
    AskRecords,
    /// The ledger of loads and its rejects.
    ReadLedger,
    /// The audit itself.
    ReadAudit,
}

impl Action {
    /// Every action, for the tests that walk the whole table.
    pub const ALL: [Action; 9] = [
        Action::Administer,
        Action::Load,
        Action::AskAggregate,
        Action::AskPerformance,
        Action::SignReport,
        Action::AskQuery,
        Action::AskRecords,
        Action::ReadLedger,
        Action::ReadAudit,
    ];

    fn allowed(self) -> &'static [Role] {
        match self {
            Action::Administer => &[Role::Admin],
            Action::Load | Action::AskRecords => &[Role::Analyst],
            Action::AskAggregate => {
                &[Role::Public, Role::Officer, Role::Analyst, Role::Inspector, Role::PerformanceManager]
            }
            Action::AskPerformance | Action::AskQuery => &[Role::Analyst, Role::Inspector, Role::PerformanceManager],
            Action::SignReport => &[Role::Analyst, Role::PerformanceManager],
            Action::ReadLedger => {
                &[Role::Analyst, Role::Inspector, Role::PerformanceManager, Role::Auditor, Role::Admin]
            }
            Action::ReadAudit => &[Role::Auditor, Role::Admin],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Action::Administer => "changing the store",
            Action::Load => "loading extracts",
            Action::AskAggregate => "asking for counts",
            Action::AskPerformance => "asking for KPIs and reports",
            Action::SignReport => "signing reports",
            Action::AskQuery => "asking named queries",
            Action::AskRecords => "reading single records",
            Action::ReadLedger => "reading the ledger of loads",
            Action::ReadAudit => "reading the audit",
        }
    }
}

/// Decides whether `principal` may do `action`.
///
/// # Errors
/// [`crate::error::Kind::Denied`] naming the roles that may.
pub fn decide(principal: &Principal, action: Action) -> Result<()> {
    let allowed = action.allowed();
    if principal.roles.iter().any(|role| allowed.contains(role)) {
        return Ok(());
    }
    let who = allowed.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
    Err(Error::denied(format!("{} needs one of the roles {who}; you are {}", action.words(), principal.role_names())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_sees_counts_and_nothing_else() {
        let public = Principal { name: "p".into(), roles: vec![Role::Public], via: "test", purpose: None };
        for action in Action::ALL {
            assert_eq!(decide(&public, action).is_ok(), action == Action::AskAggregate);
        }
    }

    #[test]
    fn admin_alone_reads_no_records() {
        let admin = Principal { name: "a".into(), roles: vec![Role::Admin], via: "test", purpose: None };
        assert!(decide(&admin, Action::AskRecords).is_err());
        assert!(decide(&admin, Action::Administer).is_ok());
    }
}
