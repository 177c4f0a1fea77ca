"""The servers of the embedded cluster: etcd, PostgreSQL nodes, MongoDB."""
