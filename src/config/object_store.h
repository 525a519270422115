// Loki's several ways to say which bucket of S3. For the .cc files of this module.
#pragma once

#include "config/config.h"
#include "config/sections.h"

namespace logi::config {

struct LokiS3 {
    bool given = false;
    std::string url;  // s3://KEY:SECRET@REGION_OR_ENDPOINT/BUCKET
    std::string bucket_names;
    std::string endpoint;
    std::string region;
    bool path_style = false;
    bool plain_http = false;
    ObjectStore keys;  // without an address
    int line = 0;
};

struct LokiStorage {
    LokiS3 common;             // common.storage.s3
    LokiS3 aws;                // storage_config.aws
    std::string object_store;  // of the newest period of schema_config; empty: not said

    // Sets `out` unless it has an address already. Throws BadConfig.
    void apply(ObjectStore& out) const;
};

// They refer to what is set; keys without effect are added to `unused_keys`.
Setter set_common_storage(LokiStorage& storage, std::vector<std::string>& unused_keys);
Setter set_storage_config(LokiStorage& storage, std::vector<std::string>& unused_keys);
Setter set_schema_config(LokiStorage& storage, std::vector<std::string>& unused_keys);

}  // namespace logi::config
