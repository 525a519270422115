// The section `ruler` of a server's configuration.
#pragma once

#include "model/ruler_limits.h"

#include <map>
#include <set>
#include <string>

namespace logi::config {

struct Ruler {
    bool enable_api = true;
    // Of files that somebody else writes; empty: rules are in the bucket.
    std::string rules_folder;
    Duration evaluation_interval = Duration::minutes(1);  // of groups that name none
    Duration poll_interval = Duration::minutes(1);        // between looks at what rules there are
    Duration resend_delay = Duration::minutes(1);         // of alerts
    // Alerts of a group that nobody has evaluated for longer begin anew.
    Duration for_outage_tolerance = Duration::hours(1);
    std::set<std::string> enabled_tenants;   // whose rules are evaluated; empty: all
    std::set<std::string> disabled_tenants;  // whose are not
    std::string external_url;                // of Grafana, for links in alerts
    std::string datasource_uid;              // of Logi in Grafana, for the same
    bool disable_rule_group_label = false;   // of recorded series
    // Of tenants that have none of their own.
    AlertmanagerConfig alertmanager;
    bool remote_write_enabled = false;                      // series are recorded
    bool add_org_id_header = true;                          // to requests that write them
    std::map<std::string, RemoteWriteClient> remote_write;  // by id
};

}  // namespace logi::config
