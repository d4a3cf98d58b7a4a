//! Where do points lie close together? The trip of clusters.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::App;
use super::disclosed::{Shown, guard};
use super::hotspots::study_area;
use super::points::points;
use super::selection::for_a_map;
use crate::analysis::clusters::{ClusterMap, Method, Question, find};
use crate::analysis::disclosure::{Policy, Released, release};
use crate::error::{Error, Result};
use crate::model::access::{Action, Principal};
use crate::model::provenance::Provenance;
use crate::space::StudyArea;
use crate::store::AsOf;

/// Released clusters and where they came from.
#[derive(Debug, Clone, Serialize)]
pub struct ClustersAnswer {
    /// Where they came from.
    pub provenance: Provenance,
    /// The clusters.
    #[serde(flatten)]
    pub map: Released<ClusterMap>,
    /// Where was asked.
    #[serde(skip)]
    pub area: Arc<StudyArea>,
}

/// Asks where records lie close together.
///
/// # Errors
/// `Denied`; `Input` for a wrong question; `Data` when the data cannot carry it: no positions, hours that are not known, too
/// many points on too little ground.
pub async fn ask(app: &App, who: &Principal, question: &Question) -> Result<ClustersAnswer> {
    app.enter(who, Action::AskAggregate, "clusters", &question.subject())?;
    question.check()?;
    let snapshot = app.engine.snapshot(AsOf::Newest).await?;
    let selection = &question.selection;
    let coverage = for_a_map(&snapshot, selection, None).await?;
    let records = points(&snapshot, selection, question.resolution).await?;
    let places = app.memory.places(app)?;
    let area = study_area(app, &snapshot, &places, &selection.dataset).await?;
    let fewest = u64::from(app.config.public_threshold);
    let (work, asked) = (Arc::clone(&area), question.clone());
    let map = tokio::task::spawn_blocking(move || find(&records, &work, &asked, fewest))
        .await
        .map_err(|e| Error::bug("the clusters could not be found").with_cause(e))??;
    let map = match places.parishes() {
        Some(parishes) => map.with_parishes(parishes),
        None => map,
    };
    let outside = map.outside_study_area.unwrap_or(0);
    let mut excluded = coverage.excluded();
    if outside > 0 {
        excluded.insert("outside_study_area".to_owned(), outside);
    }
    let mut provenance = Provenance {
        method: Some(question.method.name().to_owned()),
        resolution: Some(question.resolution),
        study_area: Some(format!("{}: {}", area.name, area.how)),
        rows: coverage.located - outside.min(coverage.located),
        excluded,
        parameters: parameters(question, &map, fewest),
        data_cut_off: coverage.last_on.map(|on| on.to_string()),
        ..selection.provenance("clusters", snapshot.version())
    };
    let policy = Policy { threshold: app.config.public_threshold };
    let map = release(map, &policy, who);
    // What lies in no cluster is all less those in one.
    let in_clusters = map.rows.iter().filter(|row| row.order == 1).map(|row| Some(row.count));
    guard(&mut provenance, policy, who, Shown::of(in_clusters.chain([map.scattered])));
    Ok(ClustersAnswer { provenance, map, area })
}

fn parameters(question: &Question, map: &ClusterMap, fewest: u64) -> BTreeMap<String, String> {
    let distances: Vec<String> = map.distances_m.iter().map(|metres| format!("{metres:.1}")).collect();
    let mut parameters = BTreeMap::from([
        ("distance_m".to_owned(), distances.join(", ")),
        ("minimum".to_owned(), question.minimum.to_string()),
        ("shown".to_owned(), format!("clusters of at least {fewest} records; outlines by centres of cells")),
    ]);
    let rule = match (question.method, question.distance_m) {
        (Method::Dbscan, _) => "DBSCAN on a flat map; the point itself counts towards the minimum".to_owned(),
        (Method::NearestNeighbour, given) => format!(
            "nearest-neighbour hierarchical; the first distance {}, later ones the lower bound of the mean distance by chance \
             (one-sided {})",
            if given.is_some() { "as given" } else { "by chance" },
            Question::CHANCE
        ),
    };
    parameters.insert("rule".to_owned(), rule);
    parameters
}
