// Command cache-peer is client-go and gopher-lua on the inputs of tautline-cache-bench.
//
// A list is decoded by the scheme of client-go's dynamic client and put into an informer's indexer; a watch event
// likewise. A script runs in a new machine each time, as Argo CD runs it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/tools/cache"
)

var kinds = []struct {
	plural  string
	managed bool
}{
	{"deployments", true}, {"services", true}, {"configmaps", true},
	{"replicasets", false}, {"pods", false}, {"endpointslices", false},
}

func main() {
	folder := os.Args[len(os.Args)-1]
	var err error
	switch os.Args[1] {
	case "list":
		err = list(os.Args[2], folder)
	case "storm":
		err = storm(folder)
	case "lua":
		err = script(folder)
	default:
		err = fmt.Errorf("usage: list all|managed|children FOLDER, storm FOLDER, lua FOLDER")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func cpu() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}

func status(field string) float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if rest, found := strings.CutPrefix(line, field+":"); found {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib * 1024
		}
	}
	return 0
}

func decodeAll(which, folder string, each func(kind string, items []unstructured.Unstructured) error) error {
	for _, kind := range kinds {
		if which == "managed" && !kind.managed || which == "children" && kind.managed {
			continue
		}
		pages, err := filepath.Glob(filepath.Join(folder, "list-"+kind.plural+"-*.json"))
		if err != nil {
			return err
		}
		sort.Strings(pages)
		var items []unstructured.Unstructured
		for _, page := range pages {
			text, err := os.ReadFile(page)
			if err != nil {
				return err
			}
			object, _, err := unstructured.UnstructuredJSONScheme.Decode(text, nil, nil)
			if err != nil {
				return err
			}
			items = append(items, object.(*unstructured.UnstructuredList).Items...)
		}
		if err := each(kind.plural, items); err != nil {
			return err
		}
	}
	return nil
}

func fill(indexers map[string]cache.Indexer, which, folder string) (int, error) {
	count := 0
	err := decodeAll(which, folder, func(kind string, items []unstructured.Unstructured) error {
		if indexers[kind] == nil {
			indexers[kind] = cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
		}
		all := make([]interface{}, 0, len(items))
		for i := range items {
			all = append(all, &items[i])
		}
		count += len(all)
		return indexers[kind].Replace(all, "90000000")
	})
	return count, err
}

func list(which, folder string) error {
	before, resident := cpu(), status("VmRSS")
	indexers := map[string]cache.Indexer{}
	count, err := fill(indexers, which, folder)
	if err != nil {
		return err
	}
	spent, peak := cpu()-before, status("VmHWM")
	runtime.GC()
	debug.FreeOSMemory()
	steady := status("VmRSS")
	fmt.Printf("cpu %.3f\ncount %d\nresident %.0f\npeak %.0f\n", spent, count, (steady-resident)/float64(count), peak-resident)
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return err
	}
	before = cpu()
	if _, err := fill(indexers, which, folder); err != nil {
		return err
	}
	fmt.Printf("relist-cpu %.3f\nrelist-peak %.3f\n", cpu()-before, status("VmHWM")/steady)
	runtime.KeepAlive(indexers)
	return nil
}

func storm(folder string) error {
	indexers := map[string]cache.Indexer{}
	if _, err := fill(indexers, "all", folder); err != nil {
		return err
	}
	file, err := os.Open(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewReaderSize(file, 1<<20)
	pods, count, before := indexers["pods"], 0, cpu()
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return err
		}
		object, _, err := unstructured.UnstructuredJSONScheme.Decode(event.Object, nil, nil)
		if err != nil {
			return err
		}
		if err := pods.Update(object); err != nil {
			return err
		}
		count++
	}
	fmt.Printf("cpu-us %.2f\n", (cpu()-before)/float64(count)*1e6)
	return nil
}

func script(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "health.lua"))
	if err != nil {
		return err
	}
	encoded, err := os.ReadFile(filepath.Join(folder, "object.json"))
	if err != nil {
		return err
	}
	var object map[string]interface{}
	if err := json.Unmarshal(encoded, &object); err != nil {
		return err
	}
	const runs = 5000
	before := cpu()
	for i := 0; i < runs; i++ {
		state := lua.NewState(lua.Options{SkipOpenLibs: true})
		for _, library := range []struct {
			name string
			open lua.LGFunction
		}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}, {lua.StringLibName, lua.OpenString}} {
			if err := state.CallByParam(lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}, lua.LString(library.name)); err != nil {
				return err
			}
		}
		state.SetGlobal("obj", convert(state, object))
		if err := state.DoString(string(text)); err != nil {
			return err
		}
		answer := state.Get(-1).(*lua.LTable)
		if answer.RawGetString("message").String() != "2 of 2 parts are ready" {
			return fmt.Errorf("the script says %v", answer.RawGetString("message"))
		}
		state.Close()
	}
	fmt.Printf("script-us %.2f\n", (cpu()-before)/runs*1e6)
	return nil
}

func convert(state *lua.LState, value interface{}) lua.LValue {
	switch value := value.(type) {
	case string:
		return lua.LString(value)
	case float64:
		return lua.LNumber(value)
	case bool:
		return lua.LBool(value)
	case []interface{}:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(convert(state, item))
		}
		return table
	case map[string]interface{}:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, convert(state, item))
		}
		return table
	}
	return lua.LNil
}
