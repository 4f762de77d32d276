// Command control-plane is etcd, kube-apiserver and kube-controller-manager in one binary:
// it becomes the program whose name it is run under. The end-to-end suite runs against it, so
// that the in-process API server cannot drift from the real one.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	manager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(manager.NewControllerManagerCommand()))
	default:
		fmt.Fprintf(os.Stderr, "control-plane: run it as etcd, kube-apiserver or kube-controller-manager, not as %q\n", name)
		os.Exit(2)
	}
}
