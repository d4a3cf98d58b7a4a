# Verbs of the project; the CI runs the same ones through scripts/test.
export CARGO_TARGET_DIR := env("CARGO_TARGET_DIR", home_directory() / ".cache/vigie/target")

# List the verbs
default:
    @just --list

# Format, lints, documentation, spelling, dependencies
check:
    scripts/test check

# Everything
test:
    scripts/test

# The long runs of the torture tests: 1,000 kills, every state of a power loss, 10,000 broken files and walks (hours)
torture:
    VIGIE_TORTURE=1 cargo test --release --locked --test it torture -- --nocapture

# Four coverage-guided fuzz targets, a minute each (or: just fuzz 600)
fuzz seconds="60":
    fuzz/run {{seconds}}

# Every benchmark beside its peer
bench:
    benches/ingest
    benches/question
    benches/kpi
    benches/report
    benches/place
    benches/repeat
    benches/histories
    benches/evaluate

# The test of methods at three sizes of the island
bench-evaluate:
    benches/evaluate

# Ingest of 5 million rows beside the Polars script
bench-ingest:
    benches/ingest

# Gi* and kernel density beside esda and scikit-learn
bench-place:
    benches/place

# Near-repeat table of 50,000 events beside pointpats
bench-repeat:
    benches/repeat

# Histories of cells beside NumPy
bench-histories:
    benches/histories

# The hotspot question over 1, 3 and 10 million records beside DuckDB's count
bench-question:
    benches/question

# All KPIs over a million incidents
bench-kpi:
    benches/kpi

# Both editions of the report, as whole commands
bench-report:
    benches/report

# The synthetic island, from extracts to the served map, KPIs and report
demo:
    cargo run --release --locked -- demo

# Make data-samples/ again: the same seed gives the same bytes
sample:
    cargo run --release --locked -- sample --seed 1 --out data-samples

# Planted hotspots found on 20 seeds, as a table
truth:
    VIGIE_TRUTH_SEEDS=20 cargo test --release --locked --test it truth -- --nocapture

# Take what the tests found as what they expect, then look at the difference
bless:
    VIGIE_BLESS=1 cargo test --release --locked --test it golden
    git diff --stat -- tests
