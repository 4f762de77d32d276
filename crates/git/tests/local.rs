//! Repositories and folders on this machine.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the tests build repositories with the git program"
)]

mod common;

use common::{Repository, git_want, source, text};
use tautline_core::{Budget, EntryKind, Tree, TreeError, TreePath, Want, resolve};
use tautline_source::{Source, SourceError};

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

#[tokio::test]
async fn every_kind_of_reference() {
    let repository = Repository::new();
    let first = repository.commit(&[("a", "1")], "one");
    repository.git(&["tag", "light"]);
    repository.git(&["tag", "-a", "-m", "x", "heavy"]);
    let second = repository.commit(&[("a", "2")], "two");
    repository.git(&["branch", "feature", "light"]);
    let (source, _folder) = source();
    let url = format!("file://{}", repository.path());
    for place in [repository.path(), url.as_str()] {
        for (reference, expect) in [
            ("HEAD", &second),
            ("", &second),
            ("main", &second),
            ("feature", &first),
            ("light", &first),
            ("heavy", &first),
            ("refs/tags/heavy", &first),
            (first.as_str(), &first),
            (&first[..9], &first),
            (&second[..7], &second),
        ] {
            let revision = source.resolve(&git_want(place, reference)).await.unwrap();
            assert_eq!(&revision.id, expect, "{reference:?}");
            let tree = source.fetch(&revision).await.unwrap();
            assert_eq!(text(&*tree, "a"), if *expect == first { "1" } else { "2" });
        }
    }
}

#[tokio::test]
async fn a_new_commit_is_seen_at_once() {
    let repository = Repository::new();
    repository.commit(&[("a", "1")], "one");
    let (source, _folder) = source();
    let want = git_want(repository.path(), "main");
    let before = source.resolve(&want).await.unwrap();
    source.fetch(&before).await.unwrap();
    let id = repository.commit(&[("a", "2")], "two");
    repository.git(&["gc", "-q"]);
    let after = source.resolve(&want).await.unwrap();
    assert_eq!(after.id, id);
    assert_eq!(text(&*source.fetch(&after).await.unwrap(), "a"), "2");
    assert_eq!(text(&*source.fetch(&before).await.unwrap(), "a"), "1");
}

#[tokio::test]
async fn what_is_not_there_is_an_error() {
    let repository = Repository::new();
    let (source, _folder) = source();
    let failure =
        async |place: &str, reference: &str| source.resolve(&git_want(place, reference)).await.unwrap_err();

    let empty = failure(repository.path(), "HEAD").await;
    assert!(empty.to_string().contains("empty"), "{empty}");
    repository.commit(&[("a", "1")], "one");
    let branch = failure(repository.path(), "gone").await;
    assert!(branch.to_string().contains("no branch or tag gone"), "{branch}");
    assert!(matches!(failure(repository.path(), "bad\u{1}name").await, SourceError::Reference { .. }));
    assert!(matches!(failure(repository.path(), "abcdef1").await, SourceError::Reference { .. }));
    assert!(matches!(failure("/no/such/place", "HEAD").await, SourceError::Unreachable { .. }));
    assert!(matches!(failure("relative/place", "HEAD").await, SourceError::Unsupported { .. }));
    assert!(matches!(failure("ext::sh -c id", "HEAD").await, SourceError::Unsupported { .. }));
    let full = source.resolve(&git_want(repository.path(), &"ab".repeat(20))).await.unwrap();
    assert!(matches!(source.fetch(&full).await.err(), Some(SourceError::Reference { .. })));
}

#[tokio::test]
async fn a_deleted_repository_is_unreachable_and_not_empty() {
    let repository = Repository::new();
    repository.commit(&[("a", "1")], "one");
    let (source, _folder) = source();
    let want = git_want(repository.path(), "main");
    source.resolve(&want).await.unwrap();
    std::fs::remove_dir_all(repository.path()).unwrap();
    assert!(matches!(source.resolve(&want).await.unwrap_err(), SourceError::Unreachable { .. }));
}

#[tokio::test]
async fn content_is_read_without_a_checkout() {
    let repository = Repository::new();
    repository.write("deep/er/file.yaml", "x: 1");
    std::os::unix::fs::symlink("deep/er", format!("{}/link", repository.path())).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", format!("{}/out", repository.path())).unwrap();
    let module = "160000,1111111111111111111111111111111111111111,module";
    repository.git(&["update-index", "--add", "--cacheinfo", module]);
    repository.commit(&[("top", "t")], "one");
    std::fs::remove_file(format!("{}/top", repository.path())).unwrap();
    let (source, _folder) = source();
    let revision = source.resolve(&git_want(repository.path(), "HEAD")).await.unwrap();
    let tree = source.fetch(&revision).await.unwrap();

    let names: Vec<_> = tree.list(&TreePath::root()).unwrap().into_iter().map(|(n, e)| (n, e.kind)).collect();
    let expect = [
        ("deep", EntryKind::Folder),
        ("link", EntryKind::Link),
        ("module", EntryKind::Foreign),
        ("out", EntryKind::Link),
        ("top", EntryKind::File),
    ];
    assert_eq!(names, expect.map(|(n, k)| (n.to_owned(), k)));
    let (found, _) = resolve(&*tree, &path("link/file.yaml")).unwrap().unwrap();
    assert_eq!(found.as_str(), "deep/er/file.yaml");
    assert!(matches!(resolve(&*tree, &path("out")), Err(TreeError::Link { .. })));
    let small = Budget { bytes: 3, ..Budget::default() };
    assert!(matches!(
        tree.read(&path("deep/er/file.yaml"), &small),
        Err(TreeError::TooLarge { size: 4, .. })
    ));
    assert!(matches!(tree.read(&path("module"), &small), Err(TreeError::NotFound { .. })));
    assert!(matches!(tree.list(&path("top")), Err(TreeError::NotFound { .. })));
    assert_eq!(tree.stat(&path("top/x")).unwrap(), None);

    // A subtree's id is its content's identity: another commit that does not touch it keeps it.
    let deep = tree.stat(&path("deep")).unwrap();
    repository.commit(&[("top", "u")], "two");
    let revision = source.resolve(&git_want(repository.path(), "HEAD")).await.unwrap();
    let later = source.fetch(&revision).await.unwrap();
    assert_eq!(later.stat(&path("deep")).unwrap(), deep);
    assert_ne!(later.id(), tree.id());
}

#[tokio::test]
async fn a_folder_is_a_tree() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir_all(at("a/b")).unwrap();
    std::fs::create_dir_all(at(".git")).unwrap();
    std::fs::write(at("a/b/c.yaml"), "x: 1").unwrap();
    std::fs::write(at("a.yaml"), "y: 1").unwrap();
    std::os::unix::fs::symlink("a/b", at("link")).unwrap();
    let (source, _cache) = source();
    let want = Want::Folder { path: folder.path().to_str().unwrap().to_owned() };
    let revision = source.resolve(&want).await.unwrap();
    let tree = source.fetch(&revision).await.unwrap();
    let names = |tree: &dyn Tree, at: &str| -> Vec<String> {
        tree.list(&path(at)).unwrap().into_iter().map(|(n, _)| n).collect()
    };
    assert_eq!(names(&*tree, ""), ["a", "a.yaml", "link"]);
    assert_eq!(names(&*tree, "a"), ["b"]);
    assert_eq!(text(&*tree, "a/b/c.yaml"), "x: 1");
    assert_eq!(resolve(&*tree, &path("link/c.yaml")).unwrap().unwrap().0.as_str(), "a/b/c.yaml");

    // What is in .git does not count; what changes is another revision, never a mixture.
    std::fs::write(at(".git/x"), "1").unwrap();
    assert_eq!(source.resolve(&want).await.unwrap(), revision);
    std::fs::write(at("a.yaml"), "y: 2").unwrap();
    assert_ne!(source.resolve(&want).await.unwrap(), revision);
    assert!(matches!(tree.read(&path("a.yaml"), &Budget::default()), Err(TreeError::Store { .. })));
    assert!(matches!(source.fetch(&revision).await.err(), Some(SourceError::Content { .. })));
    let nowhere = Want::Folder { path: "/no/such/folder".into() };
    assert!(matches!(source.resolve(&nowhere).await.unwrap_err(), SourceError::Unreachable { .. }));
}
