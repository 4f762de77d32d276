//! All rows, each in a process of its own, ours and the peer's in turns.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::inputs;

type Answers = BTreeMap<String, f64>;

const SCRIPT: &str = r#"hs = { status = "Progressing", message = "Waiting" }
if obj.status ~= nil then
  if obj.status.conditions ~= nil then
    for i, condition in ipairs(obj.status.conditions) do
      if condition.type == "Ready" and condition.status == "False" then
        hs.status = "Degraded"
        hs.message = condition.message
        return hs
      end
      if condition.type == "Ready" and condition.status == "True" then
        hs.status = "Healthy"
      end
    end
  end
  if obj.status.readyParts ~= nil and obj.status.readyParts == obj.spec.parts then
    hs.message = obj.status.readyParts .. " of " .. obj.spec.parts .. " parts are ready"
  end
end
return hs
"#;

const OBJECT: &str = r#"{"apiVersion":"tea.example.org/v1","kind":"Pot","metadata":{"name":"a","namespace":"n","generation":2,"labels":{"a":"b"}},"spec":{"parts":2,"leaves":["green","black"]},"status":{"observedGeneration":2,"readyParts":2,"conditions":[{"type":"Heated","status":"True","reason":"Hot","message":"the water is hot"},{"type":"Ready","status":"True","reason":"AllReady","message":"all parts are ready"}]}}"#;

/// Writes the inputs, runs every row, prints the comparison.
pub(crate) fn run(peer: &Path, count: usize) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("tautline-cache-bench-{}", std::process::id()));
    inputs::write(&folder, count)?;
    let put = |name: &str, text: &str| std::fs::write(folder.join(name), text).map_err(|e| e.to_string());
    put("health.lua", SCRIPT)?;
    put("object.json", OBJECT)?;
    let result = rows(peer, &folder, count);
    // What is left in the folder for temporary files does no harm.
    drop(std::fs::remove_dir_all(&folder));
    result
}

fn rows(peer: &Path, folder: &Path, count: usize) -> Result<(), String> {
    let ours = std::env::current_exe().map_err(|e| e.to_string())?;
    let place = folder.display().to_string();
    let ours = |arguments: &[&str]| ask(&ours, arguments, &place);
    let theirs = |arguments: &[&str]| ask(peer, arguments, &place);
    println!("{count} objects");
    let (we, they) = (ours(&["list", "all"])?, theirs(&["list", "all"])?);
    row("B01 first list, CPU s", &we, &they, "cpu");
    row("B01 first list, peak RSS bytes", &we, &they, "peak");
    println!("    different outlines: {}", get(&we, "outlines"));
    row("B22 the same list again, CPU s", &we, &they, "relist-cpu");
    row("B22 the same list again, peak RSS / steady RSS", &we, &they, "relist-peak");
    println!("    decoded again: {}", get(&we, "relist-decoded"));
    for (which, label) in
        [("managed", "B02 RSS bytes a managed object"), ("children", "B02 RSS bytes a child")]
    {
        let (we, they) = (ours(&["list", which])?, theirs(&["list", which])?);
        row(label, &we, &they, "resident");
        let half = ours(&["list", &format!("{which}-half")])?;
        println!("    each further one, without what a process takes anyway: {:.0}", further(&half, &we));
    }
    let (we, they) = (ours(&["storm"])?, theirs(&["storm"])?);
    row("B03 an event that changes a pod, CPU us", &we, &they, "cpu-us");
    println!("    p99 us from bytes to index: {}", get(&we, "p99-us"));
    let we = ours(&["tree"])?;
    println!("B17 from a pod to its apps, us: {}", get(&we, "up-us"));
    println!("B17 a ReplicaSet's children, opened, us: {}", get(&we, "children-us"));
    let (we, they) = (ours(&["restart"])?, theirs(&["list", "all"])?);
    println!("B23 snapshot bytes: {}", get(&we, "bytes"));
    println!(
        "B23 from the snapshot to the first decision, s: {} (restored after {})",
        get(&we, "decision-s"),
        get(&we, "restore-s")
    );
    println!("    confirmed {}, to fetch {}", get(&we, "confirmed"), get(&we, "missing"));
    println!(
        "    client-go lists everything again: {} CPU s, ours {} CPU s",
        get(&they, "cpu"),
        get(&we, "cpu")
    );
    let (we, they) = (ours(&["health"])?, theirs(&["lua"])?);
    println!("B16 built-in rules, us an object: {}", get(&we, "built-in-us"));
    row("B16 a script (gopher-lua in a new machine each time, as Argo CD), us", &we, &they, "script-us");
    Ok(())
}

fn ask(program: &Path, arguments: &[&str], folder: &str) -> Result<Answers, String> {
    let output = Command::new(program)
        .args(arguments)
        .arg(folder)
        // The peer asks Go to hand back what it does not need before it looks at its memory.
        .env("MIMALLOC_PURGE_DELAY", "0")
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{}: {}", program.display(), String::from_utf8_lossy(&output.stderr)));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line =
        |line: &str| line.split_once(' ').and_then(|(name, n)| Some((name.to_owned(), n.parse().ok()?)));
    Ok(text.lines().filter_map(line).collect())
}

/// Bytes of each object that one list has more than the other.
fn further(half: &Answers, all: &Answers) -> f64 {
    let bytes = |answers| get(answers, "resident") * get(answers, "count");
    (bytes(all) - bytes(half)) / (get(all, "count") - get(half, "count"))
}

fn get(answers: &Answers, name: &str) -> f64 {
    answers.get(name).copied().unwrap_or(f64::NAN)
}

fn row(label: &str, ours: &Answers, theirs: &Answers, name: &str) {
    let (ours, theirs) = (get(ours, name), get(theirs, name));
    println!("{label}: ours {ours}, theirs {theirs}, {:.1} x", theirs / ours);
}
