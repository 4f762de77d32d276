//! A unified diff of two short texts, with three lines around each change.

/// How many lines are shown around a change.
const AROUND: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Keep,
    Drop,
    Add,
}

/// The changes from one text to another, without file names.
pub(super) fn unified(old: &str, new: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let script = script(&a, &b);
    let mut out = String::new();
    let mut at = 0;
    while let Some(first) = (at..script.len()).find(|i| script[*i].0 != Edit::Keep) {
        let from = first.saturating_sub(AROUND).max(at);
        let mut to = first;
        for (i, (edit, _, _)) in script.iter().enumerate().skip(first) {
            if *edit != Edit::Keep {
                to = i;
            } else if i > to + 2 * AROUND {
                break;
            }
        }
        let end = (to + 1 + AROUND).min(script.len());
        hunk(&script[from..end], &a, &b, &mut out);
        at = end;
    }
    out
}

fn hunk(script: &[(Edit, usize, usize)], a: &[&str], b: &[&str], out: &mut String) {
    let Some((_, i, j)) = script.first() else { return };
    let count = |not: Edit| script.iter().filter(|(edit, _, _)| *edit != not).count();
    let range = |start: usize, len: usize| match len {
        1 => format!("{}", start + 1),
        0 => format!("{start},0"),
        _ => format!("{},{len}", start + 1),
    };
    out.push_str(&format!("@@ -{} +{} @@\n", range(*i, count(Edit::Add)), range(*j, count(Edit::Drop))));
    for (edit, i, j) in script {
        let (sign, line) = match edit {
            Edit::Keep => (' ', a.get(*i)),
            Edit::Drop => ('-', a.get(*i)),
            Edit::Add => ('+', b.get(*j)),
        };
        out.push(sign);
        out.push_str(line.copied().unwrap_or_default());
        out.push('\n');
    }
}

/// The steps from one list of lines to another: what both ends share is kept, between them the longest common
/// subsequence.
fn script(a: &[&str], b: &[&str]) -> Vec<(Edit, usize, usize)> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let left = a.len().min(b.len()) - head;
    let tail = a.iter().rev().zip(b.iter().rev()).take(left).take_while(|(x, y)| x == y).count();
    let (x, y) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    let mut out: Vec<_> = (0..head).map(|i| (Edit::Keep, i, i)).collect();
    middle(x, y, head, &mut out);
    out.extend((0..tail).map(|k| (Edit::Keep, a.len() - tail + k, b.len() - tail + k)));
    out
}

fn middle(x: &[&str], y: &[&str], head: usize, out: &mut Vec<(Edit, usize, usize)>) {
    let width = y.len() + 1;
    let mut best = vec![0_u32; (x.len() + 1) * width];
    for i in (0..x.len()).rev() {
        for j in (0..y.len()).rev() {
            best[i * width + j] = match x[i] == y[j] {
                true => best[(i + 1) * width + j + 1] + 1,
                false => best[(i + 1) * width + j].max(best[i * width + j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    while i < x.len() || j < y.len() {
        let step = if i < x.len() && j < y.len() && x[i] == y[j] {
            Edit::Keep
        } else if j == y.len() || i < x.len() && best[(i + 1) * width + j] >= best[i * width + j + 1] {
            Edit::Drop
        } else {
            Edit::Add
        };
        out.push((step, head + i, head + j));
        i += usize::from(step != Edit::Add);
        j += usize::from(step != Edit::Drop);
    }
}

#[cfg(test)]
mod tests {
    use super::unified;

    #[test]
    fn hunks_have_three_lines_around_them() {
        assert_eq!(
            unified("a\nb\nc\nd\ne\nf\ng\nh", "a\nb\nc\nd\nX\nf\ng\nh"),
            "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+X\n f\n g\n h\n"
        );
        assert_eq!(unified("a", "a"), "");
    }
}
