//! Charts to render, made here.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

/// Writes a chart of so many templates, each with a loop, a named template and its own values.
pub(crate) fn many_templates(folder: &Path, count: usize) -> io::Result<()> {
    fs::create_dir_all(folder.join("templates"))?;
    fs::write(folder.join("Chart.yaml"), "apiVersion: v2\nname: many\nversion: 1.0.0\n")?;
    fs::write(
        folder.join("templates/_labels.tpl"),
        "{{- define \"labels\" -}}\napp.kubernetes.io/name: {{ .Chart.Name }}\napp.kubernetes.io/instance: {{ .Release.Name | quote }}\n{{- end }}\n",
    )?;
    let mut values = String::new();
    for number in 0..count {
        let _ = writeln!(
            values,
            "app{number}:\n  image: shop:{number}\n  ports: [80, 443]\n  resources:\n    limits: {{cpu: 1, memory: 128Mi}}"
        );
        let template = format!(
            "{{{{- with .Values.app{number} }}}}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{{{ printf \"%s-app%d\" $.Release.Name {number} | trunc 63 }}}}\n  labels:\n    {{{{- include \"labels\" $ | nindent 4 }}}}\nspec:\n  selector:\n    matchLabels:\n      {{{{- include \"labels\" $ | nindent 6 }}}}\n  template:\n    spec:\n      containers:\n      - name: main\n        image: {{{{ .image | quote }}}}\n        ports:\n        {{{{- range .ports }}}}\n        - containerPort: {{{{ . }}}}\n        {{{{- end }}}}\n        resources:\n          {{{{- toYaml .resources | nindent 10 }}}}\n{{{{- end }}}}\n"
        );
        fs::write(folder.join(format!("templates/app{number}.yaml")), template)?;
    }
    fs::write(folder.join("values.yaml"), values)
}

/// Writes an umbrella of so many sub-charts, each a copy of another chart.
pub(crate) fn umbrella(folder: &Path, count: usize, of: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("charts"))?;
    let mut chart = "apiVersion: v2\nname: umbrella\nversion: 1.0.0\ndependencies:\n".to_owned();
    for number in 0..count {
        let name = format!("sub{number}");
        let _ = writeln!(chart, "- name: {name}\n  version: 0.1.0\n  repository: \"\"");
        copy(of, &folder.join("charts").join(&name), &name)?;
    }
    fs::write(folder.join("Chart.yaml"), chart)?;
    fs::write(folder.join("values.yaml"), "global: {team: a}\n")
}

/// Copies a chart that `helm create` made under another name.
fn copy(from: &Path, to: &Path, name: &str) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy(&path, &target, name)?;
        } else {
            fs::write(target, fs::read_to_string(&path)?.replace("created", name))?;
        }
    }
    Ok(())
}
