//! The README of a sample, since CSV files cannot say that they are synthetic.

use super::Options;
use super::calendar::Span;

/// Text of `README.txt`.
pub fn text(options: &Options, span: &Span) -> String {
    format!(
        "SYNTHETIC DATA. Every record in this directory is made up.\n\
         \n\
         No incident, crime, person, vehicle, unit, camera or road here exists. Only the coastline and the (approximate)\n\
         parishes are those of Jersey. Plates use series that were never issued (J9, ZZ, SS, SYN).\n\
         \n\
         Made by: vigie sample --seed {seed} --scale {scale} --years {years}\n\
         Period: {from} to {to}, the last day not included; extracted {extracted}.\n\
         Times are island wall clock (Europe/Jersey) unless they end in Z (UTC). Positions are WGS84 degrees.\n\
         \n\
         incidents.csv.gz   incidents with grades and response times\n\
         crimes.csv.gz      crimes, most of them with the incident they came by\n\
         stops.csv.gz       stop checks\n\
         offences.csv.gz    road traffic offences\n\
         stocks.csv.gz      month-end readings: people in care, offenders managed, followers, staff\n\
         resources.csv.gz   yearly readings: budget, population, capacity, savings\n\
         money.csv.gz       money booked by month and heading\n\
         campaigns.csv.gz   road-safety campaigns\n\
         surveys.csv.gz     answers to opinion surveys, one wave a year\n\
         custody.csv.gz     detentions in cells and in a place of safety\n\
         assessments.csv.gz how calls were weighed (THRIVE) in the last twelve months\n\
         plan-status.toml   made-up entries on how the policing plan stands: `vigie plan load`\n\
         cameras.csv.gz     ANPR cameras\n\
         anpr.csv.gz        ANPR reads of the last {anpr_days} days\n\
         pings.csv.gz       positions of patrolling units of the last {ping_days} days\n\
         roads.geojson, roads_nodes.csv, roads_edges.csv   a made-up road network\n\
         dirty/             extracts that go wrong in known ways; together they hold every reason to refuse a row and\n\
         \x20                  every label. crimes-dirty.csv has a feed of its own, crimes-dirty.toml\n\
         truth.json         everything that was planted: hotspots, changes, repeats, convoy, bad and\n\
         \x20                  labelled rows, calibration\n\
         \n\
         The volumes follow the figures of the 2017 policing plan: 14,000 incidents and 3,000 crimes a year at scale 1.\n",
        seed = options.seed,
        scale = options.scale,
        years = options.years,
        from = span.from,
        to = span.to,
        extracted = super::calendar::wall_text(span.extracted_at()),
        anpr_days = options.anpr_days,
        ping_days = options.ping_days,
    )
}
