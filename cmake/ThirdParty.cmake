# Every library that is not ours, and the one folder that may name it.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)                        # base (formatting is vocabulary: used everywhere)
find_package(simdjson REQUIRED)                   # wire
find_package(yaml-cpp REQUIRED)                   # wire
find_package(OpenSSL 3 REQUIRED)                  # auth
find_package(Boost 1.81 CONFIG REQUIRED)          # http
find_package(RocksDB CONFIG REQUIRED)             # store_rocksdb
find_package(CLI11 CONFIG REQUIRED)               # cli
find_package(GTest CONFIG REQUIRED)               # tests
