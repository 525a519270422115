// What a configuration says of targets that receive messages from the network.
#pragma once

#include "agent/receive/syslog_message.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <string>

namespace logi::agent {

// PEM files of a target that speaks TLS; all empty: it does not.
struct ServerTlsFiles {
    std::string cert_file;
    std::string key_file;
    std::string ca_file;  // who has to vouch for clients; empty: they show nothing
};

struct SyslogConfig {
    std::string listen_host;  // empty: every address of the machine
    std::uint16_t listen_port = 0;
    bool udp = false;
    ServerTlsFiles tls;
    Duration idle_timeout = Duration::seconds(120);
    bool label_structured_data = false;
    bool use_incoming_timestamp = false;
    // The whole message is the line, not only its text.
    bool use_rfc5424_message = false;
    std::int64_t message_bytes_max = 8192;
    SyslogFormat format = SyslogFormat::kRfc5424;
    std::map<std::string, std::string> labels;
};

}  // namespace logi::agent
