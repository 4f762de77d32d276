//! Lists, watches and restarts of the cache.

use std::path::{Path, PathBuf};
use std::time::Instant;

use bytes::Bytes;
use tautline_cluster::{Cache, Page, RawEvent, RawObject, event_parts};
use tautline_core::{GroupKind, MaskingKey, Presence, ResourceKey, Timestamp, Uid};
use tautline_ownership::LiveView;

use crate::inputs::{KINDS, resource};
use crate::process::{Usage, forget_peak};

pub(crate) fn new_cache() -> Cache {
    let mut cache = Cache::new(MaskingKey::new([7; 32]));
    for (api_version, kind, plural, _) in KINDS {
        cache.keep_in_outline(&resource(api_version, kind, plural), true);
    }
    cache
}

pub(crate) fn files(folder: &Path, start: &str) -> Result<Vec<PathBuf>, String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|e| format!("{}: {e}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start)))
        .collect();
    files.sort();
    Ok(files)
}

/// Hands a page's items over, cut out of the bytes as the client does.
pub(crate) fn each_item(path: &Path, mut take: impl FnMut(RawObject)) -> Result<(), String> {
    let body = Bytes::from(std::fs::read(path).map_err(|e| e.to_string())?);
    let page = Page::cut(&body).ok_or_else(|| format!("{}: this is no list", path.display()))?;
    page.items.into_iter().for_each(|item| take(RawObject::Json(item)));
    Ok(())
}

/// Lists the kinds that `which` names: all, managed or children; with `-half` after it only the first half of each.
fn list_all(cache: &mut Cache, folder: &Path, which: &str) -> Result<(), String> {
    let (which, is_half) = which.strip_suffix("-half").map_or((which, false), |which| (which, true));
    for (api_version, kind, plural, is_managed) in KINDS {
        if which == "managed" && !is_managed || which == "children" && is_managed {
            continue;
        }
        let resource = resource(api_version, kind, plural);
        let kind = resource.gvk.group_kind();
        cache.begin_list(resource);
        let mut pages = files(folder, &format!("list-{plural}-"))?;
        pages.truncate(if is_half { pages.len() / 2 } else { pages.len() });
        for path in pages {
            let mut bad = None;
            each_item(&path, |item| bad = cache.list_item(&kind, &item).err().or(bad.take()))?;
            bad.map_or(Ok(()), |bad| Err(bad.to_string()))?;
        }
        cache.end_list(&kind, "90000000".into(), Timestamp::default()).map_err(|e| e.to_string())?;
    }
    Ok(())
}

/// The first list, and a second one of the same.
pub(crate) fn list(which: &str, folder: &Path) -> Result<(), String> {
    let before = Usage::now();
    let mut cache = new_cache();
    list_all(&mut cache, folder, which)?;
    let after = Usage::now();
    let (count, decoded) = (cache.len(), cache.decoded());
    let per = (after.resident - before.resident) / count as f64;
    println!("cpu {:.3}", after.cpu - before.cpu);
    println!("count {count}");
    println!("resident {per:.0}");
    println!("peak {:.0}", after.peak - before.resident);
    println!("outlines {}", cache.outlines());
    forget_peak();
    list_all(&mut cache, folder, which)?;
    let again = Usage::now();
    println!("relist-cpu {:.3}", again.cpu - after.cpu);
    println!("relist-peak {:.3}", again.peak / after.resident);
    println!("relist-decoded {}", cache.decoded() - decoded);
    Ok(())
}

/// Events that each change a pod.
pub(crate) fn storm(folder: &Path) -> Result<(), String> {
    let mut cache = new_cache();
    list_all(&mut cache, folder, "all")?;
    let text = Bytes::from(std::fs::read(folder.join("events.jsonl")).map_err(|e| e.to_string())?);
    let kind = GroupKind::new("", "Pod");
    let (before, mut slowest, mut changed, mut all) = (Usage::now(), Vec::new(), 0, 0);
    let mut from = 0;
    while let Some(end) = text.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let started = Instant::now();
        let (_, object) = event_parts(&text.slice(from..from + end)).ok_or("a line is no event")?;
        from += end + 1;
        let event = RawEvent::Modified(RawObject::Json(object));
        let key = cache.event(&kind, &event, Timestamp::default()).map_err(|e| e.to_string())?;
        changed += usize::from(key.is_some_and(|key| !cache.apps_of(&key).is_empty()));
        slowest.push(started.elapsed());
        all += 1;
    }
    slowest.sort();
    println!("cpu-us {:.2}", (Usage::now().cpu - before.cpu) / all as f64 * 1e6);
    println!("p99-us {:.2}", slowest[all * 99 / 100].as_secs_f64() * 1e6);
    println!("of-apps {changed}");
    Ok(())
}

/// From a snapshot to the first answer that counts, by a list of metadata.
pub(crate) fn restart(folder: &Path) -> Result<(), String> {
    let mut cache = new_cache();
    list_all(&mut cache, folder, "all")?;
    let snapshot = cache.snapshot();
    println!("bytes {}", snapshot.len());
    drop(cache);
    let (started, before) = (Instant::now(), Usage::now());
    let mut cache = Cache::new(MaskingKey::new([7; 32]));
    cache.restore(&snapshot).map_err(|e| e.to_string())?;
    println!("restore-s {:.3}", started.elapsed().as_secs_f64());
    let (mut confirmed, mut missing) = (0, 0);
    for (api_version, kind, plural, _) in KINDS {
        let resource = resource(api_version, kind, plural);
        let kind = resource.gvk.group_kind();
        cache.keep_in_outline(&resource, true);
        cache.begin_list(resource);
        for path in files(folder, &format!("metadata-{plural}-"))? {
            each_item(&path, |item| match cache.confirm(&kind, &item) {
                true => confirmed += 1,
                false => missing += 1,
            })?;
        }
        cache.end_list(&kind, "90000000".into(), Timestamp::default()).map_err(|e| e.to_string())?;
    }
    let pod = cache.tracked_by("shop-7").into_iter().next().ok_or("nothing is tracked")?;
    if !matches!(cache.get(&pod), Presence::Present(_)) {
        return Err(format!("{pod} is not known after the restart"));
    }
    println!("decision-s {:.3}", started.elapsed().as_secs_f64());
    println!("cpu {:.3}", Usage::now().cpu - before.cpu);
    println!("confirmed {confirmed}");
    println!("missing {missing}");
    Ok(())
}

/// An update of the tree: a pod is taken out and put in again, and its app is asked for.
pub(crate) fn tree(folder: &Path) -> Result<(), String> {
    let mut cache = new_cache();
    list_all(&mut cache, folder, "all")?;
    let pods: Vec<ResourceKey> = cache.objects(&GroupKind::new("", "Pod")).iter().map(|p| p.key()).collect();
    let before = Usage::now();
    let mut found = 0;
    for key in &pods {
        found += cache.apps_of(key).len();
    }
    println!("up-us {:.3}", (Usage::now().cpu - before.cpu) / pods.len() as f64 * 1e6);
    let sets = cache.objects(&GroupKind::new("apps", "ReplicaSet"));
    let uids: Vec<Uid> = sets.iter().filter_map(|set| set.uid()).collect();
    let before = Usage::now();
    let children: usize = uids.iter().map(|uid| cache.children(uid).len()).sum();
    println!("children-us {:.3}", (Usage::now().cpu - before.cpu) / uids.len() as f64 * 1e6);
    println!("apps {found}");
    println!("children {children}");
    Ok(())
}
