//! The same rules wherever records are kept.
#![allow(clippy::disallowed_methods, reason = "the tests make and remove folders")]

use tautline_core::{Digest, ResourceKey, Timestamp, Uid};
use tautline_plan::{Deed, Phase, Stage};

use super::*;

fn intent(at: i64) -> Intent {
    let started_at = Timestamp::from_seconds(at);
    Intent { revision: "abc".into(), plan: Digest::of_bytes(b"plan"), started_at, ..lost(Epoch(0)).intent }
}

fn entry(stage: Stage) -> Entry {
    let key = ResourceKey::new("batch", "Job", "prod", "migrate");
    Entry { deed: Deed::RunHook, key, phase: Phase::PreSync, stage, uid: Some(Uid::new("u")) }
}

fn folder(name: &str) -> std::path::PathBuf {
    std::env::temp_dir().join(format!("tautline-journal-{name}-{}", std::process::id()))
}

async fn keeps_the_rules(journal: &dyn Journal, second: &dyn Journal) {
    let app = AppId::new("argocd", "web");
    assert_eq!(journal.read(&app).await.unwrap(), None);
    let first = journal.open(&app, Epoch(0), &intent(1)).await.unwrap();
    journal.note(&app, first, &[entry(Stage::Begun)]).await.unwrap();
    journal.note(&app, first, &[entry(Stage::Made)]).await.unwrap();

    // Another process reads what is there, and goes on with it.
    let record = second.read(&app).await.unwrap().unwrap();
    assert_eq!((record.epoch, record.made_hooks().len()), (first, 1));
    let epoch = second.open(&app, record.epoch, &intent(1)).await.unwrap();
    assert!(epoch > first);
    second.note(&app, epoch, &[entry(Stage::Succeeded)]).await.unwrap();

    // The first one comes back, and neither notes nor opens anything.
    for refused in [
        journal.note(&app, first, &[entry(Stage::Begun)]).await,
        journal.open(&app, first, &intent(9)).await.map(drop),
        journal.close(&app, first, true).await,
    ] {
        let Err(JournalError::Overtaken(record)) = refused else { panic!("{refused:?}") };
        assert_eq!((record.epoch, record.finished_hooks().len()), (epoch, 1));
    }
    second.close(&app, epoch, true).await.unwrap();
    let record = journal.read(&app).await.unwrap().unwrap();
    assert!(record.is_closed && record.entries.is_empty() && record.epoch == epoch);
    assert!(journal.open(&app, epoch, &intent(2)).await.unwrap() > epoch);
}

#[tokio::test]
async fn in_memory() {
    let journal = MemoryJournal::default();
    keeps_the_rules(&journal, &journal).await;
}

#[tokio::test]
async fn in_files() {
    let folder = folder("rules");
    keeps_the_rules(&FileJournal::new(&folder), &FileJournal::new(&folder)).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_not_none() {
    let folder = folder("broken");
    let app = AppId::new("argocd", "web");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("argocd_web.json"), "{").unwrap();
    let journal = FileJournal::new(&folder);
    assert!(matches!(journal.read(&app).await, Err(JournalError::Failed { .. })));
    assert!(matches!(journal.open(&app, Epoch(0), &intent(1)).await, Err(JournalError::Failed { .. })));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_record_that_is_gone_stops_its_plan_and_does_not_set_the_count_back() {
    assert!(Change::Note(Epoch(4), &[entry(Stage::Begun)]).of(None).is_err());
    assert_eq!(Change::Open(Epoch(4), &intent(1)).of(None).unwrap().epoch, Epoch(5));
}
