//! Pages and the report from templates. Values are escaped by the template engine; only the pictures that this program
//! draws itself go in as they are.

use std::sync::LazyLock;

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::analysis::disclosure::Released;
use crate::analysis::kpi_run::KpiRun;
use crate::error::{Error, Result};
use crate::render::kpi_view;

#[derive(rust_embed::Embed)]
#[folder = "web/templates/"]
struct Pages;

const STYLE: &str = include_str!("../../reports/style.css");

static PAGES: LazyLock<Result<Environment<'static>>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let mut names: Vec<_> = Pages::iter().filter(|name| name.ends_with(".html")).collect();
    names.sort();
    for name in names {
        let Some(file) = Pages::get(&name) else { continue };
        let source = String::from_utf8(file.data.into_owned())
            .map_err(|e| Error::bug(format!("the template {name} is not UTF-8")).with_cause(e))?;
        // Read once and kept for the life of the program.
        let (name, source): (&'static str, &'static str) = (name.into_owned().leak(), source.leak());
        environment.add_template(name, source).map_err(|e| wrong(name, e))?;
    }
    Ok(environment)
});

/// Renders a page of `web/templates`.
///
/// # Errors
/// `Bug` for an unknown template or one that does not fit its context.
pub fn page(name: &str, context: &impl Serialize) -> Result<String> {
    render(&PAGES, name, context)
}

/// The context of the KPI page: every measure of a run, and the figures that do not agree.
///
/// # Errors
/// `Bug` if a chart cannot be drawn.
pub fn kpis_context(run: &Released<KpiRun>) -> Result<serde_json::Value> {
    Ok(serde_json::json!({ "kpis": kpi_view::measures(run)?, "warnings": kpi_view::warnings(run) }))
}

fn render(environment: &Result<Environment<'static>>, name: &str, context: &impl Serialize) -> Result<String> {
    let environment = environment.as_ref().map_err(|e| Error::bug(e.to_string()))?;
    let template = environment.get_template(name).map_err(|e| wrong(name, e))?;
    template.render(Serde(context)).map_err(|e| wrong(name, e))
}

fn wrong(name: &str, cause: minijinja::Error) -> Error {
    let line = cause.line().map_or_else(String::new, |line| format!(" (line {line})"));
    Error::bug(format!("the page {name} could not be made{line}")).with_cause(cause)
}

/// The source expression that lets a strict content security policy accept the style sheet inside a report:
/// `'sha256-…'`.
pub fn report_style_source() -> String {
    format!("'sha256-{}'", base64(&Sha256::digest(STYLE.as_bytes())))
}

/// Base64 (RFC 4648), for a digest.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at)) & 63;
            let symbol = ALPHABET.get(index as usize).copied().unwrap_or(b'=');
            out.push(if at <= chunk.len() { char::from(symbol) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standard() {
        for (plain, coded) in [("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(report_style_source().len(), "'sha256-'".len() + 44);
    }

    #[test]
    fn the_kpi_page_takes_its_context() {
        use crate::render::kpi_view::tests::sample_run;
        let run = sample_run(crate::model::access::Role::Analyst);
        let mut context = kpis_context(&run).unwrap();
        context["page"] = serde_json::json!({"title": "KPIs", "current": "kpis"});
        context["about"] = serde_json::json!({"name": "vigie", "version": "0", "synthetic": true});
        let html = page("kpis.html", &context).unwrap();
        assert!(html.contains("id=\"m17\"") && html.contains("<svg") && html.contains("over 20%"));
    }

    #[test]
    fn an_unknown_page_is_a_bug_with_its_name() {
        let error = page("nowhere.html", &serde_json::json!({})).unwrap_err();
        assert!(error.message().contains("nowhere.html"));
    }
}
