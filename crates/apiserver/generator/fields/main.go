// Writes crates/apiserver/src/go_fields.txt: the JSON fields of the API's Go types, in the order of their declaration.
// Run it in a module with the requirements of tests/control-plane/go.mod: `go run . > go_fields.txt`.
//
// A line is a type: `core/v1.ServicePort name:string port:int32`, where `+` is an embedded type; `core/v1.Protocol
// =string` for a type that is no struct; `meta/v1.Time !` for one that decodes itself.
package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var lines = map[string]string{}

func short(t reflect.Type) string {
	p := t.PkgPath()
	for _, lead := range []string{
		"k8s.io/api/", "k8s.io/apimachinery/pkg/", "k8s.io/apiextensions-apiserver/pkg/", "k8s.io/kube-aggregator/pkg/",
		"apis/",
	} {
		p = strings.TrimPrefix(p, lead)
	}
	return p + "." + t.Name()
}

var unmarshaler = reflect.TypeOf((*json.Unmarshaler)(nil)).Elem()

// kind is what a field's type is called, without the pointers on its way.
func kind(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() != "" && t.PkgPath() != "" {
		walk(t)
		return short(t)
	}
	switch t.Kind() {
	case reflect.Slice:
		return "[]" + kind(t.Elem())
	case reflect.Map:
		return "map[" + kind(t.Key()) + "]" + kind(t.Elem())
	}
	return t.String()
}

func walk(t reflect.Type) {
	name := short(t)
	if _, ok := lines[name]; ok {
		return
	}
	lines[name] = ""
	if reflect.PointerTo(t).Implements(unmarshaler) {
		lines[name] = " !"
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		var b strings.Builder
		for i := 0; i < t.NumField(); i++ {
			f := t.Field(i)
			js := strings.Split(f.Tag.Get("json"), ",")[0]
			switch {
			case js == "-" || !f.IsExported():
			case js == "" && f.Anonymous:
				fmt.Fprintf(&b, " +:%s", kind(f.Type))
			case js == "":
				fmt.Fprintf(&b, " %s:%s", f.Name, kind(f.Type))
			default:
				fmt.Fprintf(&b, " %s:%s", js, kind(f.Type))
			}
		}
		lines[name] = b.String()
	case reflect.Slice:
		lines[name] = " =[]" + kind(t.Elem())
	case reflect.Map:
		lines[name] = " =map[" + kind(t.Key()) + "]" + kind(t.Elem())
	default:
		lines[name] = " =" + t.Kind().String()
	}
}

func main() {
	for gvk, t := range scheme.Scheme.AllKnownTypes() {
		skipped := strings.HasSuffix(gvk.Kind, "List") || strings.HasSuffix(gvk.Kind, "Options")
		older := strings.Contains(gvk.Version, "alpha") || strings.Contains(gvk.Version, "beta")
		if strings.HasPrefix(t.PkgPath(), "k8s.io/api/") && !skipped && !older {
			walk(t)
		}
	}
	walk(reflect.TypeOf(apiextensions.CustomResourceDefinition{}))
	walk(reflect.TypeOf(apiregistration.APIService{}))
	var names []string
	for name := range lines {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Println(name + lines[name])
	}
}
