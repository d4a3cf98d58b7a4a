//! The command line: parse, call `app`, print. Data goes to stdout or `--out`, progress and messages to stderr. Rank 7.

mod anpr;
mod answer_file;
mod areas;
mod audit;
mod backup;
mod change;
mod clusters;
mod concentration;
mod date;
mod demo;
mod emerging;
mod evaluate;
mod feeds;
mod forecast;
mod hotspots;
mod hours;
mod ingest;
mod init;
mod keeping;
mod kpi;
mod loads;
mod near_repeat;
mod output;
mod plan;
mod plot;
mod progress;
mod quality;
mod rejects;
mod report;
mod sample;
mod scan;
mod selection;
mod serve;
mod sql;
mod trend;
mod verify;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::app::App;
use crate::app::admin::{system_clock, who_holds};
use crate::error::{Error, Kind, Result};
use crate::model::access::{Principal, Purpose, Role};

/// A lookout over a police force's extracts: hotspot maps, KPIs and Authority reports.
#[derive(Parser)]
#[command(name = "vigie", version, about, propagate_version = true, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct Global {
    /// Folder of the store
    #[arg(long, global = true, env = "VIGIE_STORE", default_value = "./vigie-store")]
    store: PathBuf,
    /// Settings file in place of the store's vigie.toml
    #[arg(long, global = true)]
    config: Option<PathBuf>,
    /// Print one JSON object on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Print no progress and no remarks
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Print more of what happens (-vv: everything)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Why records are read: a code of your force's list
    #[arg(long, global = true, requires = "reference")]
    purpose: Option<String>,
    /// Number that the purpose can be checked by
    #[arg(long, global = true, requires = "purpose")]
    reference: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the main job on the synthetic island, and serve it
    Demo(demo::Demo),
    /// Make a store
    Init(init::Init),
    /// The force's own boundaries
    #[command(subcommand)]
    Areas(areas::Areas),
    /// Roads for the base map
    #[command(subcommand)]
    Roads(areas::Roads),
    /// Load extract files
    Ingest(ingest::Ingest),
    /// How extracts are read
    #[command(subcommand)]
    Feeds(feeds::Feeds),
    /// The ledger of loads, newest first
    Loads(loads::Loads),
    /// Refused rows: list them, or export them to correct and load again
    #[command(subcommand)]
    Rejects(rejects::Rejects),
    /// How complete, how soon and how well placed the records are
    Quality(quality::Quality),
    /// How long records are kept, and erasing what is past its time
    #[command(subcommand)]
    Retention(keeping::Retention),
    /// Erase single records for good (needs --purpose and --reference)
    Erase(keeping::Erase),
    /// Merge small files: few files a month, in order of cell and time
    Compact(keeping::Compact),
    /// Read-only SQL over the store
    Sql(sql::Sql),
    /// A named question of the catalogue
    Query(sql::Query),
    /// Where more happens than expected
    Hotspots(hotspots::Hotspots),
    /// Where records lie close together
    Clusters(clusters::Clusters),
    /// How few places hold how much
    Concentration(concentration::Concentration),
    /// What changed between two periods, with an exact test
    Change(change::Change),
    /// How hot spots came about: new, persistent, on and off, past
    Emerging(emerging::Emerging),
    /// In which hours of the week, ranges of time shared out
    Hours(hours::Hours),
    /// How good maps would have been: methods tested on days that they had not seen
    Evaluate(evaluate::Evaluate),
    /// Where to look in the next days, by the method that did best when it was tested
    Forecast(forecast::Forecast),
    /// Whether events follow one another in place and time
    NearRepeat(near_repeat::NearRepeat),
    /// Where and when events crowd: clusters in space and time
    Scan(scan::Scan),
    /// Monthly series
    Trend(trend::Trend),
    /// Key performance indicators
    #[command(subcommand)]
    Kpi(kpi::Kpi),
    /// The policing plan: what is due, late, done
    #[command(subcommand)]
    Plan(plan::Plan),
    /// Reports to the Authority
    #[command(subcommand)]
    Report(report::Report),
    /// ANPR cameras and flow
    #[command(subcommand)]
    Anpr(anpr::Anpr),
    /// Pages, API and tiles on this machine
    Serve(serve::Serve),
    /// Who looked at what, and why
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Read the whole store again and name what is damaged
    Verify(verify::Verify),
    /// Copy the store, while it is served if need be
    Backup(backup::Backup),
    /// Make a new store (--store) of a backup
    Restore(backup::Restore),
    /// Write the synthetic island
    Sample(sample::Sample),
}

/// Starts a server; it tells the address once it listens.
pub type StartServer = fn(
    App,
    SocketAddr,
    Box<dyn FnOnce(SocketAddr) -> Result<()> + Send>,
) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// Everything a command needs.
struct Context {
    global: Global,
    start_server: StartServer,
    output: output::Output,
}

impl Context {
    fn app(&self) -> Result<App> {
        App::open(&self.global.store, self.global.config.as_deref(), system_clock)
    }

    /// Who is asking: the token's holder, else the account that runs this command.
    fn who(&self, app: &App) -> Result<Principal> {
        let mut who = match std::env::var("VIGIE_TOKEN") {
            Ok(token) => who_holds(app, &token)?,
            Err(_) => local_account(),
        };
        who.purpose = self.purpose();
        Ok(who)
    }

    fn purpose(&self) -> Option<Purpose> {
        let (code, reference) = (self.global.purpose.clone()?, self.global.reference.clone()?);
        Some(Purpose { code, reference })
    }

    fn local(&self) -> Principal {
        Principal { purpose: self.purpose(), ..local_account() }
    }
}

fn local_account() -> Principal {
    Principal { name: account_name(), roles: vec![Role::Analyst, Role::Admin], via: "local account", purpose: None }
}

/// The operating-system account that runs this program. Not from the environment: anybody may set `USER`.
fn account_name() -> String {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt as _;
        if let Ok(own) = std::fs::metadata("/proc/self") {
            let id = own.uid().to_string();
            let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
            let named = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
            let name = named.into_iter().find(|fields| fields.get(2) == Some(&id.as_str()));
            return name.map_or_else(|| format!("account {id}"), |fields| fields[0].to_owned());
        }
    }
    std::env::var("USER").unwrap_or_else(|_| "local".to_owned())
}

/// Runs the program's own arguments. `start_server` is what `serve` and `demo` start.
pub fn run(start_server: StartServer) -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let wants_json = args.iter().any(|arg| arg == "--json");
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            if wants_json {
                output::print_error(&Error::input(error.to_string().trim().to_owned()));
            }
            let _ = error.print();
            return ExitCode::from(Kind::Input.exit_code());
        }
    };
    start_log(cli.global.verbose, cli.global.quiet);
    let context = Context { output: output::Output::new(&cli.global), global: cli.global, start_server };
    let result = tokio::runtime::Runtime::new()
        .map_err(|e| Error::bug("no threads from the system").with_cause(e))
        .and_then(|runtime| runtime.block_on(dispatch(&context, cli.command)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if wants_json {
                output::print_error(&error);
            }
            output::say_error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}

async fn dispatch(context: &Context, command: Command) -> Result<()> {
    match command {
        Command::Demo(command) => command.run(context).await,
        Command::Init(command) => command.run(context).await,
        Command::Areas(command) => command.run(context),
        Command::Roads(command) => command.run(context),
        Command::Ingest(command) => command.run(context).await,
        Command::Feeds(command) => command.run(context),
        Command::Loads(command) => command.run(context),
        Command::Rejects(command) => command.run(context).await,
        Command::Quality(command) => command.run(context).await,
        Command::Retention(command) => command.run(context).await,
        Command::Erase(command) => command.run(context).await,
        Command::Compact(command) => command.run(context).await,
        Command::Sql(command) => command.run(context).await,
        Command::Query(command) => command.run(context).await,
        Command::Hotspots(command) => command.run(context).await,
        Command::Clusters(command) => command.run(context).await,
        Command::Concentration(command) => command.run(context).await,
        Command::Change(command) => command.run(context).await,
        Command::Emerging(command) => command.run(context).await,
        Command::Hours(command) => command.run(context).await,
        Command::Evaluate(command) => command.run(context).await,
        Command::Forecast(command) => command.run(context).await,
        Command::NearRepeat(command) => command.run(context).await,
        Command::Scan(command) => command.run(context).await,
        Command::Trend(command) => command.run(context).await,
        Command::Kpi(command) => command.run(context).await,
        Command::Plan(command) => command.run(context).await,
        Command::Report(command) => command.run(context).await,
        Command::Anpr(command) => command.run(context).await,
        Command::Serve(command) => command.run(context).await,
        Command::Audit(command) => command.run(context),
        Command::Verify(command) => command.run(context).await,
        Command::Backup(command) => command.run(context),
        Command::Restore(command) => command.run(context).await,
        Command::Sample(command) => command.run(context),
    }
}

/// The log goes to stderr; `VIGIE_LOG` overrides the flags.
fn start_log(verbose: u8, quiet: bool) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "vigie=info,warn",
        _ => "vigie=debug,info",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("VIGIE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
