#include "absl/strings/str_cat.h"
#include "agent/config/readers.h"
#include "agent/stages/options.h"
#include "config/setters.h"
#include "net/url.h"

namespace logi::agent {
namespace {

config::Setter set_listen_address(std::string& host, std::uint16_t& port) {
    return [&](const YAML::Node& v) {
        auto parsed = config::checked(
            v, net::parse_listen_address(config::scalar<std::string>(v, "an address and a port")));
        host = std::move(parsed.host);
        port = parsed.port;
    };
}

config::Setter set_server_tls(std::optional<config::ServerTls>& target) {
    return [&target](const YAML::Node& v) {
        TlsConfig tls;
        read_tls(tls)(v);
        if (tls.cert_file.empty() || tls.key_file.empty()) {
            config::refuse(v, "the tls_config of a target needs a cert_file and a key_file");
        }
        target = {tls.cert_file,
                  tls.key_file,
                  tls.ca_file,
                  tls.ca_file.empty() ? config::ClientAuth::kNone : config::ClientAuth::kRequired};
    };
}

config::Setter set_protocol(bool& udp) {
    return [&udp](const YAML::Node& v) {
        const auto protocol = config::scalar<std::string>(v, "a protocol");
        if (protocol != "tcp" && protocol != "udp") {
            config::refuse(v, absl::StrCat("'", protocol, "' is neither tcp nor udp"));
        }
        udp = protocol == "udp";
    };
}

config::Setter set_format(SyslogFormat& format) {
    return [&format](const YAML::Node& v) {
        const auto name = config::scalar<std::string>(v, "a format");
        if (name != "rfc5424" && name != "rfc3164") {
            config::refuse(v, absl::StrCat("'", name, "' is neither rfc5424 nor rfc3164"));
        }
        format = name == "rfc3164" ? SyslogFormat::kRfc3164 : SyslogFormat::kRfc5424;
    };
}

}  // namespace

SyslogConfig read_syslog(const YAML::Node& node) {
    SyslogConfig c;
    bool has_address = false;
    config::read_keys(node,
                      "syslog",
                      {{"listen_address",
                        [&](const YAML::Node& v) {
                            set_listen_address(c.listen_host, c.listen_port)(v);
                            has_address = true;
                        }},
                       {"listen_protocol", set_protocol(c.udp)},
                       {"tls_config", set_server_tls(c.tls)},
                       {"idle_timeout", config::set_duration(c.idle_timeout)},
                       {"label_structured_data", config::set(c.label_structured_data)},
                       {"labels", set_text_map(c.labels)},
                       {"use_incoming_timestamp", config::set(c.use_incoming_timestamp)},
                       {"use_rfc5424_message", config::set(c.use_rfc5424_message)},
                       {"max_message_length", config::set_size(c.message_bytes_max)},
                       {"syslog_format", set_format(c.format)}});
    if (!has_address) {
        config::refuse(node, "syslog needs a listen_address");
    }
    if (c.udp && c.tls.has_value()) {
        config::refuse(node, "syslog over UDP has no tls_config");
    }
    if (c.idle_timeout.ns <= 0) {
        c.idle_timeout = SyslogConfig().idle_timeout;
    }
    constexpr std::int64_t kBytesMax = 16 << 20;
    if (c.message_bytes_max <= 0 || c.message_bytes_max > kBytesMax) {
        config::refuse(node, "max_message_length is above 0 and at most 16MiB");
    }
    return c;
}

GelfConfig read_gelf(const YAML::Node& node) {
    GelfConfig c;
    if (node.IsNull()) {
        return c;
    }
    config::read_keys(node,
                      "gelf",
                      {{"listen_address", set_listen_address(c.listen_host, c.listen_port)},
                       {"labels", set_text_map(c.labels)},
                       {"use_incoming_timestamp", config::set(c.use_incoming_timestamp)}});
    return c;
}

PushApiConfig read_push_api(const YAML::Node& node) {
    PushApiConfig c;
    config::read_keys(node,
                      "loki_push_api",
                      {{"server",
                        [&c](const YAML::Node& v) {
                            if (!v.IsNull()) {
                                config::read_keys(
                                    v, "server", server_setters(c.server, c.unused_keys));
                            }
                        }},
                       {"labels", set_text_map(c.labels)},
                       {"use_incoming_timestamp", config::set(c.use_incoming_timestamp)}});
    return c;
}

}  // namespace logi::agent
