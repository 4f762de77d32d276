//! Syncs told in readable text, and played on a simulation or a stand.
//!
//! ```text
//! == a wave waits for the health of the one before
//! covers 4.2 waves; 4.3 step 4
//! git Deployment a image=broken:1
//! git ConfigMap b wave=1
//! go
//! result Running waiting for healthy state of apps/Deployment/a
//! gone ConfigMap/b
//! ```
//!
//! | line | meaning |
//! |---|---|
//! | `covers ROW; ROW` | the rows of Argo CD's tables that it covers |
//! | `on stand` | it is also played on a whole installation |
//! | `set PATH JSON` | sets a field of the Application |
//! | `option NAME` | adds a sync option |
//! | `git KIND NAME ATTRIBUTES` | an object in Git ([`manifest`]); the first after a `go` begins a new commit |
//! | `git nothing` | a commit without objects |
//! | `live MANAGER KIND NAME ATTRIBUTES` | somebody applies an object |
//! | `remove KIND/NAME` | somebody deletes an object |
//! | `ask JSON RETRY` | `.operation` with this `sync`, and this `retry` if there is one |
//! | `terminate` | somebody ends the sync that runs |
//! | `refresh normal` | somebody asks for a look at the repository; `refresh hard` for a new render too |
//! | `project JSON` | the `spec` of the app's project |
//! | `go SECONDS` | commit, edit, and let time pass: a minute, if nothing else is said |
//! | `result PHASE TEXT` | how the last sync went; its message holds the text |
//! | `app SYNC HEALTH` | what the app says of itself |
//! | `condition KIND TEXT` | a condition of the app whose message holds the text |
//! | `there KIND/NAME PATH=TEXT` | an object is there, with this text at a path |
//! | `gone KIND/NAME` | an object is not there |
//! | `order A < B < C` | writes since the last `go` in this order; a delete is `-KIND/NAME` |
//! | `writes A, B` | exactly these writes since the last `go`; `writes nothing` |
//! | `says KIND/NAME TEXT` | the row or the result of an object holds the text |
//! | `history N` | so many syncs are on record |
//! | `finalized` | everything is gone, and our finalizer |

mod objects;
mod on_stand;
mod read;
mod simulated;

pub use objects::{key, manifest};
pub use on_stand::play_on_stand;
pub use read::read;
pub use simulated::play;

/// A story with what is expected of it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name: what is shown.
    pub name: String,
    /// The rows that it covers.
    pub covers: Vec<String>,
    /// Whether it is also played on a whole installation.
    pub on_stand: bool,
    /// What happens and what is expected, with the numbers of the lines.
    pub lines: Vec<(usize, Line)>,
}

/// One line of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module's table says what each is")]
pub enum Line {
    Set { path: String, json: String },
    Option(String),
    Git(Option<String>),
    Live { manager: String, object: String },
    Remove(String),
    Ask(String),
    Terminate,
    Refresh { hard: bool },
    Project(String),
    History(usize),
    Go(u64),
    Result { phase: String, text: String },
    App { sync: String, health: String },
    Condition { kind: String, text: String },
    There { object: String, at: Option<(String, String)> },
    Gone(String),
    Order(Vec<String>),
    Writes(Vec<String>),
    Says { object: String, text: String },
    Finalized,
}
