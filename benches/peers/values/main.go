// Times Kubernetes' own Go libraries on a folder of inputs. Each line of output is
// NAME<tab>NANOSECONDS[<tab>OUTPUT].
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/managedfields"
	applyconfigurations "k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

// The best of nine rounds of about 30 ms.
func best(run func()) time.Duration {
	start := time.Now()
	run()
	once := max(time.Since(start), time.Nanosecond)
	runs := min(max(int(30*time.Millisecond/once), 1), 1_000_000)
	best := time.Duration(1<<63 - 1)
	for range 9 {
		start := time.Now()
		for range runs {
			run()
		}
		best = min(best, time.Since(start)/time.Duration(runs))
	}
	return best
}

func report(name string, took time.Duration, output any) {
	if output == nil {
		fmt.Printf("%s\t%d\n", name, took.Nanoseconds())
		return
	}
	fmt.Printf("%s\t%d\t%s\n", name, took.Nanoseconds(), must(json.Marshal(output)))
}

func decode(folder, name string) {
	text := must(os.ReadFile(filepath.Join(folder, name+".json")))
	report("decode "+name, best(func() {
		must(runtime.Decode(unstructured.UnstructuredJSONScheme, text))
	}), nil)
	types := runtime.NewScheme()
	must(0, scheme.AddToScheme(types))
	must(0, apiextensionsv1.AddToScheme(types))
	decoder := serializer.NewCodecFactory(types).UniversalDeserializer()
	report("decode typed "+name, best(func() {
		must2(decoder.Decode(text, nil, nil))
	}), nil)
}

func must2(_ runtime.Object, _ *schema.GroupVersionKind, err error) {
	must(0, err)
}

func object(folder, name string) *unstructured.Unstructured {
	text := must(os.ReadFile(filepath.Join(folder, name+".json")))
	return must(runtime.Decode(unstructured.UnstructuredJSONScheme, text)).(*unstructured.Unstructured)
}

// One version, no conversion, no defaults: what is left is structured merge.
type same struct{}

func (same) Default(runtime.Object) {}

func (same) Convert(_, _, _ any) error { return nil }

func (same) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}

func (same) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

type fresh struct{}

func (fresh) New(gvk schema.GroupVersionKind) (runtime.Object, error) {
	empty := &unstructured.Unstructured{}
	empty.SetGroupVersionKind(gvk)
	return empty, nil
}

func apply(folder, name string) {
	gvk := appsv1.SchemeGroupVersion.WithKind("Deployment")
	manager := must(managedfields.NewDefaultFieldManager(applyconfigurations.NewTypeConverter(scheme.Scheme),
		same{}, same{}, fresh{}, gvk, gvk.GroupVersion(), "", nil))
	live, config := object(folder, "live"), object(folder, name)
	run := func() runtime.Object {
		return must(manager.Apply(live.DeepCopy(), config, "git", true))
	}
	output := run().(*unstructured.Unstructured)
	copying := best(func() { live.DeepCopy() })
	report("apply "+name, best(func() { run() })-copying, output.Object)
}

func main() {
	folder := os.Args[1]
	decode(folder, "pod")
	decode(folder, "crd")
	var documents []string
	must(0, json.Unmarshal(must(os.ReadFile(filepath.Join(folder, "manifests.json"))), &documents))
	report("yaml", best(func() {
		for _, document := range documents {
			var value any
			// What a document holds that is no manifest, the Rust side left out.
			must(0, yaml.Unmarshal([]byte(document), &value))
		}
	}), nil)
	apply(folder, "unchanged")
	apply(folder, "changed")
}
