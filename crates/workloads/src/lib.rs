//! Plays Kubernetes' built-in controllers and the kubelet on any cluster.
#![forbid(unsafe_code)]
