//! Random kustomization trees: layers of overlays over a base of many kinds, with everything Kustomize can do to
//! them. A case is its number, so that a failing one can be run again.

mod dice;
mod fields;
mod manifests;
mod patches;

pub use dice::Dice;

use std::fmt::Write;

use fields::Layer;
use manifests::Object;

/// A tree of files and the folder to build in it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Paths and contents.
    pub files: Vec<(String, String)>,
    /// The folder of the topmost kustomization.
    pub target: String,
}

/// The case of a number.
pub fn case(number: u64) -> Case {
    let mut dice = Dice::new(number);
    let mut files = Vec::new();
    let layers = 2 + dice.roll(4);
    let objects = base(&mut dice, &mut files);
    let (mut components, mut moved) = (0, false);
    for at in 1..=layers {
        let mut layer = Layer::new(&mut dice, &mut moved, &objects, format!("layer{at}"));
        layer.resources.push(if at == 1 { "../base".to_owned() } else { format!("../layer{}", at - 1) });
        if layer.dice.chance(20) {
            let extra = manifests::object(layer.dice, 90 + at);
            files.push((format!("layer{at}/extra.yaml"), extra.text.clone()));
            layer.resources.push("extra.yaml".to_owned());
        }
        if layer.dice.chance(20) {
            components += 1;
            let folder = format!("component{components}");
            layer.components.push(format!("../{folder}"));
            let mut component = Layer::new(layer.dice, layer.moved, &objects, folder.clone());
            component.is_component = true;
            component.fill(2, &mut files);
            files.push((format!("{folder}/kustomization.yaml"), component.text()));
        }
        let steps = layer.dice.roll(4);
        layer.fill(steps, &mut files);
        files.push((format!("layer{at}/kustomization.yaml"), layer.text()));
    }
    Case { files, target: format!("layer{layers}") }
}

/// The base, perhaps of two halves over a common root.
fn base(dice: &mut Dice, files: &mut Vec<(String, String)>) -> Vec<Object> {
    let count = 2 + dice.roll(8);
    let objects: Vec<Object> = (0..count).map(|number| manifests::object(dice, number)).collect();
    let halves = dice.chance(20);
    let mut lists = [String::new(), String::new()];
    let mut names = [String::new(), String::new()];
    for (number, object) in objects.iter().enumerate() {
        let half = usize::from(halves && number % 2 == 1);
        let text = format!("{}{}", if lists[half].is_empty() { "" } else { "---\n" }, object.text);
        if dice.chance(60) {
            lists[half].push_str(&text);
        } else {
            files.push((format!("part{half}/object{number}.yaml"), object.text.clone()));
            let _ = writeln!(names[half], "- object{number}.yaml");
        }
    }
    let mut top = "resources:\n".to_owned();
    for half in 0..=usize::from(halves) {
        let all = if lists[half].is_empty() { String::new() } else { "- all.yaml\n".to_owned() };
        if !lists[half].is_empty() {
            files.push((format!("part{half}/all.yaml"), lists[half].clone()));
        }
        let prefix =
            if halves && dice.chance(50) { format!("namePrefix: h{half}-\n") } else { String::new() };
        let entries = format!("{all}{}", names[half]);
        let resources =
            if entries.is_empty() { "resources: []\n".to_owned() } else { format!("resources:\n{entries}") };
        files.push((format!("part{half}/kustomization.yaml"), format!("{prefix}{resources}")));
        let _ = writeln!(top, "- ../part{half}");
    }
    top.push_str("configMapGenerator:\n- name: settings\n  literals: [a=b, mode=0644]\n");
    if dice.chance(60) {
        top.push_str("secretGenerator:\n- name: token\n  literals: [k=v]\n  type: Opaque\n");
    }
    files.push(("base/kustomization.yaml".to_owned(), top));
    objects
}
