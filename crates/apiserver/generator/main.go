// Writes crates/apiserver/src/protobuf/messages.txt: the protobuf fields of every built-in kind, from the Go types.
// Run it in a module with the requirements of tests/control-plane/go.mod: `go run . > messages.txt`.
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
)

var seen = map[string]string{}
var names = map[string]reflect.Type{}

func short(t reflect.Type) string {
	p := t.PkgPath()
	p = strings.TrimPrefix(p, "k8s.io/api/")
	p = strings.TrimPrefix(p, "k8s.io/apimachinery/pkg/")
	p = strings.TrimPrefix(p, "apis/")
	return p + "." + t.Name()
}

// kind of a value: scalar letter, or message name
func kind(t reflect.Type, tag string) string {
	for t.Kind() == reflect.Ptr {
		t = t.Elem()
	}
	switch short(t) {
	case "meta/v1.Time":
		return "time"
	case "meta/v1.MicroTime":
		return "micro"
	case "meta/v1.Duration":
		return "duration"
	case "api/resource.Quantity":
		return "quantity"
	case "util/intstr.IntOrString":
		return "intstr"
	case "meta/v1.FieldsV1", "runtime.RawExtension":
		return "raw"
	}
	switch t.Kind() {
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int32, reflect.Int64, reflect.Int:
		return "i"
	case reflect.Uint32, reflect.Uint64, reflect.Uint8:
		return "u"
	case reflect.Float64:
		return "f"
	case reflect.Struct:
		walk(t)
		return short(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		// a named slice within a map or slice: a message of items
		return "items:" + kind(t.Elem(), "")
	}
	panic(t.String())
}

func walk(t reflect.Type) {
	name := short(t)
	if _, ok := seen[name]; ok {
		return
	}
	seen[name] = ""
	var b strings.Builder
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := f.Tag.Get("protobuf")
		if tag == "" {
			continue
		}
		parts := strings.Split(tag, ",")
		num := parts[1]
		js := strings.Split(f.Tag.Get("json"), ",")[0]
		ft := f.Type
		if js == "" { // inlined
			js = "."
		}
		mark := ""
		switch {
		case ft.Kind() == reflect.Map:
			mark = "map "
			fmt.Fprintf(&b, "%s %s %s%s\n", num, js, mark, kind(ft.Elem(), ""))
			continue
		case ft.Kind() == reflect.Slice && ft.Elem().Kind() != reflect.Uint8 && parts[2] == "rep":
			fmt.Fprintf(&b, "%s %s list %s\n", num, js, kind(ft.Elem(), ""))
			continue
		case ft.Kind() == reflect.Ptr:
			mark = "? "
		}
		fmt.Fprintf(&b, "%s %s %s%s\n", num, js, mark, kind(ft, tag))
	}
	seen[name] = b.String()
}

func main() {
	kinds := map[string]string{}
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		if gvk.Version == "__internal" || !strings.HasPrefix(t.PkgPath(), "k8s.io/api/") {
			continue
		}
		if strings.HasSuffix(gvk.Kind, "List") || strings.HasSuffix(gvk.Kind, "Options") && gvk.Kind != "DeleteOptions" {
			continue
		}
		if strings.Contains(gvk.Version, "alpha") || strings.Contains(gvk.Version, "beta") { continue }
		if _, ok := reflect.PointerTo(t).MethodByName("Unmarshal"); !ok { continue }
		walk(t)
		av := gvk.Version
		if gvk.Group != "" { av = gvk.Group + "/" + gvk.Version }
		kinds[av+" "+gvk.Kind] = short(t)
	}
	walk(reflect.TypeOf(metav1.DeleteOptions{}))
	var ks []string
	for k := range kinds { ks = append(ks, k) }
	sort.Strings(ks)
	for _, k := range ks { fmt.Fprintf(os.Stdout, "= %s %s\n", k, kinds[k]) }
	var ns []string
	for n := range seen { ns = append(ns, n) }
	sort.Strings(ns)
	for _, n := range ns { fmt.Fprintf(os.Stdout, "\n%s\n%s", n, seen[n]) }
}
