// Renders a chart with Helm's SDK as `helm template` does, and prints the best times of several runs: with the
// chart loaded each time, and of a chart that is loaded already. With a third argument it writes there what
// `helm template` would print.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader"
	"helm.sh/helm/v4/pkg/cli"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
	release "helm.sh/helm/v4/pkg/release/v1"
)

// What is set: nothing, or the files and assignments of the environment's SET, one a line.
func settings() (map[string]any, error) {
	var options values.Options
	if set := os.Getenv("SET"); set != "" {
		options.Values = strings.Split(set, "\n")
	}
	return options.MergeValues(getter.All(cli.New()))
}

func render(loaded chart.Charter) (string, error) {
	version, err := common.ParseKubeVersion("1.32.0")
	if err != nil {
		return "", err
	}
	install := action.NewInstall(action.NewConfiguration())
	install.DryRunStrategy = action.DryRunClient
	install.Replace = true
	install.ReleaseName = "rel"
	install.Namespace = "ns1"
	install.KubeVersion = version
	set, err := settings()
	if err != nil {
		return "", err
	}
	made, err := install.Run(loaded, set)
	if err != nil {
		return "", err
	}
	result, ok := made.(*release.Release)
	if !ok {
		return "", fmt.Errorf("a release of another kind: %T", made)
	}
	var text bytes.Buffer
	fmt.Fprintln(&text, strings.TrimSpace(result.Manifest))
	for _, hook := range result.Hooks {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", hook.Path, hook.Manifest)
	}
	return text.String(), nil
}

func best(runs int, run func() error) time.Duration {
	least := time.Duration(0)
	for at := 0; at < runs; at++ {
		start := time.Now()
		if err := run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if took := time.Since(start); at == 0 || took < least {
			least = took
		}
	}
	return least
}

func main() {
	folder := filepath.Clean(os.Args[1])
	if len(os.Args) > 2 {
		loaded, err := loader.Load(folder)
		text := ""
		if err == nil {
			text, err = render(loaded)
		}
		if err == nil {
			err = os.WriteFile(os.Args[2], []byte(text), 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	whole := best(5, func() error {
		loaded, err := loader.Load(folder)
		if err == nil {
			_, err = render(loaded)
		}
		return err
	})
	fmt.Printf("%.3f\n", float64(whole.Microseconds())/1000)
}
