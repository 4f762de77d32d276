//! A packed chart: a gzipped tar, read in memory within a budget.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use tar::EntryType;
use tautline_core::CancelFlag;

/// What is left of the bytes and files that a chart may hold.
#[derive(Debug)]
pub(crate) struct Allowance {
    pub(crate) bytes: usize,
    pub(crate) entries: usize,
    pub(crate) limit: usize,
    pub(crate) cancel: CancelFlag,
}

impl Allowance {
    /// Takes the bytes of one more file.
    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), String> {
        self.entry()?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| self.too_large())?;
        Ok(())
    }

    /// Takes one more entry of a folder or an archive.
    pub(crate) fn entry(&mut self) -> Result<(), String> {
        if self.cancel.is_cancelled() {
            return Err("loading the chart was cancelled".to_owned());
        }
        self.entries = self.entries.checked_sub(1).ok_or("the chart holds too many files")?;
        Ok(())
    }

    fn too_large(&self) -> String {
        format!("chart exceeds maximum decompressed size of {} bytes", self.limit)
    }
}

/// The files of an archive, without the name of their folder.
pub(crate) fn files(packed: &[u8], allowance: &mut Allowance) -> Result<Vec<(String, Bytes)>, String> {
    if !packed.starts_with(&[0x1f, 0x8b]) {
        return Err("gzip: invalid header".to_owned());
    }
    // Padding, headers and skipped entries are unpacked too, so the stream as a whole is bounded.
    let headroom = (allowance.entries as u64).saturating_mul(1024);
    let bound = (allowance.bytes as u64).saturating_add(headroom.min(64 << 20));
    let unpacked = MultiGzDecoder::new(packed).take(bound);
    let mut archive = tar::Archive::new(unpacked);
    let mut found = Vec::new();
    for entry in archive.entries().map_err(|e| e.to_string())? {
        let mut entry = entry.map_err(|e| unpack_error(&e, allowance))?;
        allowance.entry()?;
        let kind = entry.header().entry_type();
        let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if kind == EntryType::Directory
            || raw.ends_with('/')
            || kind == EntryType::XGlobalHeader
            || kind == EntryType::XHeader
        {
            continue;
        }
        let name = inner_name(&raw)?;
        let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        if size > allowance.bytes {
            return Err(allowance.too_large());
        }
        let mut data = Vec::with_capacity(size.min(1 << 20));
        entry.read_to_end(&mut data).map_err(|e| unpack_error(&e, allowance))?;
        if data.len() < size {
            return Err("unexpected EOF".to_owned());
        }
        allowance.take(data.len())?;
        found.push((name, Bytes::from(data)));
    }
    if found.is_empty() {
        return Err("no files in chart archive".to_owned());
    }
    Ok(found)
}

fn unpack_error(error: &std::io::Error, allowance: &Allowance) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => allowance.too_large(),
        _ => error.to_string(),
    }
}

/// A path of the archive below its folder. Nothing may lead out of it.
fn inner_name(raw: &str) -> Result<String, String> {
    let delimiter = if raw.contains('\\') { '\\' } else { '/' };
    let (first, rest) = raw.split_once(delimiter).unwrap_or((raw, ""));
    let inner = rest.replace(delimiter, "/");
    if inner.starts_with('/') {
        return Err("chart illegally contains absolute paths".to_owned());
    }
    let cleaned = clean(&inner);
    if cleaned == "." {
        return Err(format!("chart illegally contains content outside the base directory: {raw:?}"));
    }
    if cleaned.starts_with("..") {
        return Err("chart illegally references parent directory".to_owned());
    }
    let drive = cleaned.as_bytes();
    if drive.first().is_some_and(u8::is_ascii_alphabetic) && drive.get(1..3) == Some(b":/") {
        return Err("chart contains illegally named files".to_owned());
    }
    if first == "Chart.yaml" {
        return Err("chart yaml not in base directory".to_owned());
    }
    Ok(cleaned)
}

/// `path.Clean` of a relative path.
fn clean(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            name => names.push(name),
        }
    }
    if names.is_empty() { ".".to_owned() } else { names.join("/") }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io::Write;

    /// Packs files as `helm package` does; a name may be hostile.
    pub(crate) fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, data) in files {
            let mut header = tar::Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(data.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append(&header, *data).unwrap();
        }
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tar.into_inner().unwrap()).unwrap();
        gzip.finish().unwrap()
    }

    fn allowance(bytes: usize) -> Allowance {
        Allowance { bytes, entries: 1000, limit: bytes, cancel: CancelFlag::default() }
    }

    #[test]
    fn hostile_names_are_refused() {
        let check = |name: &str, expect: &str| {
            let error = files(&pack(&[(name, b"x")]), &mut allowance(1 << 20)).unwrap_err();
            assert_eq!(error, expect, "{name}");
        };
        check("a//etc/passwd", "chart illegally contains absolute paths");
        check("a/../../x", "chart illegally references parent directory");
        check("a/b/..", "chart illegally contains content outside the base directory: \"a/b/..\"");
        check("a\\..\\x", "chart illegally references parent directory");
        check("a/c:/x", "chart contains illegally named files");
        check("Chart.yaml", "chart illegally contains content outside the base directory: \"Chart.yaml\"");
        check("a/..x", "chart illegally references parent directory");
    }

    /// As to Helm, they are files without content: nothing they lead to is read.
    #[test]
    fn links_and_devices_are_empty_files() {
        use tar::EntryType;
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo]
        {
            let mut tar = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_path("a/x").unwrap();
            header.set_link_name("/etc/passwd").unwrap();
            header.set_size(0);
            header.set_cksum();
            tar.append(&header, std::io::empty()).unwrap();
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&tar.into_inner().unwrap()).unwrap();
            let found = files(&gzip.finish().unwrap(), &mut allowance(1 << 20)).unwrap();
            assert!(found.iter().all(|(_, data)| data.is_empty()), "{kind:?}");
        }
    }

    #[test]
    fn bombs_are_refused() {
        let zeros = vec![0; 4 << 20];
        let packed = pack(&[("a/Chart.yaml", b"name: a"), ("a/big", &zeros)]);
        assert!(packed.len() < 100_000);
        let error = files(&packed, &mut allowance(1 << 20)).unwrap_err();
        assert_eq!(error, "chart exceeds maximum decompressed size of 1048576 bytes");
        assert_eq!(files(&packed, &mut allowance(8 << 20)).unwrap().len(), 2);
        let many: Vec<(String, Vec<u8>)> = (0..1100).map(|i| (format!("a/{i}"), Vec::new())).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|(n, d)| (n.as_str(), d.as_slice())).collect();
        assert_eq!(
            files(&pack(&many), &mut allowance(1 << 20)).unwrap_err(),
            "the chart holds too many files"
        );
        assert_eq!(files(b"PK", &mut allowance(1)).unwrap_err(), "gzip: invalid header");
        assert!(files(&packed[..packed.len() / 2], &mut allowance(8 << 20)).is_err());
    }
}
