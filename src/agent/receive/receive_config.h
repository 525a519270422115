// What a configuration says of targets that receive messages from the network.
#pragma once

#include "agent/receive/syslog_message.h"
#include "base/time.h"
#include "config/config.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace logi::agent {

struct SyslogConfig {
    std::string listen_host;  // empty: every address of the machine
    std::uint16_t listen_port = 0;
    bool udp = false;
    std::optional<config::ServerTls> tls;
    Duration idle_timeout = Duration::seconds(120);
    bool label_structured_data = false;
    bool use_incoming_timestamp = false;
    // The whole message is the line, not only its text.
    bool use_rfc5424_message = false;
    std::int64_t message_bytes_max = 8192;
    SyslogFormat format = SyslogFormat::kRfc5424;
    std::map<std::string, std::string> labels;
};

struct GelfConfig {
    std::string listen_host = "0.0.0.0";
    std::uint16_t listen_port = 12201;
    bool use_incoming_timestamp = false;
    std::map<std::string, std::string> labels;
};

}  // namespace logi::agent
