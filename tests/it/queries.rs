//! Every question of the catalogue runs, and answers with the columns that its header promises.

use vigie::app::sql;
use vigie::engine::{ParamDoc, queries};
use vigie::model::access::Role;
use vigie::store::AsOf;

use crate::support::{island_app, last_year, somebody};

/// A sensible value of each parameter that a query needs. A new parameter name needs a line here.
fn value(param: &ParamDoc) -> String {
    let (from, to) = last_year();
    match param.name.as_str() {
        "dataset" => "crimes".to_owned(),
        "from" => from,
        "to" => to,
        "res" => "9".to_owned(),
        "grain" => "month".to_owned(),
        "groups" | "categories" | "dv_risk" | "attended" | "origin" => String::new(),
        "grade" => "1".to_owned(),
        "field" | "clock_start" => "reported_at".to_owned(),
        "op" => "<".to_owned(),
        "threshold_s" => "600".to_owned(),
        "stock" => "officers".to_owned(),
        "agg" => "last".to_owned(),
        "many" => "20".to_owned(),
        other => panic!("no value for the parameter {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_runs_and_keeps_to_its_header() {
    let app = island_app();
    let who = somebody(&[Role::Analyst]);
    for query in queries() {
        let params: Vec<(String, String)> =
            query.params.iter().filter(|p| !p.optional).map(|p| (p.name.clone(), value(p))).collect();
        let answer = sql::query(&app, &who, &query.name, &params, AsOf::Newest).await;
        let answer = answer.unwrap_or_else(|e| panic!("{}: {e}", query.name));
        let found: Vec<&str> = answer.schema.fields().iter().map(|field| field.name().as_str()).collect();
        let promised: Vec<&str> = query.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(found, promised, "{}", query.name);
        assert!(answer.row_count() > 0 || query.name.starts_with("reject"), "{} has no rows", query.name);
        for column in found {
            let personal = ["vrm", "token", "person", "victim"].iter().any(|word| column.contains(word));
            assert!(!personal, "{}.{column}: named queries hold no single records", query.name);
        }
    }
}
