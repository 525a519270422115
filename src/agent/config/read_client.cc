#include "absl/strings/str_cat.h"
#include "agent/config/readers.h"
#include "agent/stages/options.h"
#include "config/setters.h"
#include "net/url.h"

namespace logi::agent {
namespace {

config::Setter refuse_key(const char* message) {
    return [message](const YAML::Node& v) {
        config::refuse(v, message);
    };
}

config::Setter read_basic_auth(HttpAuth& c) {
    return [&c](const YAML::Node& v) {
        config::read_keys(v,
                          "basic_auth",
                          {{"username", config::set(c.user)},
                           {"password", config::set(c.password)},
                           {"password_file", config::set(c.password_file)}});
    };
}

config::Setter read_authorization(HttpAuth& c) {
    return [&c](const YAML::Node& v) {
        config::read_keys(v,
                          "authorization",
                          {{"type", config::set(c.authorization_type)},
                           {"credentials", config::set(c.token)},
                           {"credentials_file", config::set(c.token_file)}});
    };
}

config::Setter read_backoff(ClientConfig& c) {
    return [&c](const YAML::Node& v) {
        std::uint32_t retries = 0;
        config::read_keys(v,
                          "backoff_config",
                          {{"min_period", config::set_duration(c.backoff_min)},
                           {"max_period", config::set_duration(c.backoff_max)},
                           {"max_retries", config::set(retries)}});
        c.retries_max = retries;
    };
}

config::Setter read_disk_buffer(ClientConfig& c) {
    return [&c](const YAML::Node& v) {
        config::read_keys(v,
                          "disk_buffer",
                          {{"dir", config::set(c.buffer_dir)},
                           {"max_size", config::set_size(c.buffer_bytes_max)}});
        if (c.buffer_dir.empty()) {
            config::refuse(v, "a disk_buffer needs a dir");
        }
    };
}

config::Setter read_oauth2(std::optional<OAuth2Config>& target) {
    return [&target](const YAML::Node& v) {
        OAuth2Config o;
        config::read_keys(v,
                          "oauth2",
                          {{"client_id", config::set(o.client_id)},
                           {"client_secret", config::set(o.client_secret)},
                           {"client_secret_file", config::set(o.client_secret_file)},
                           {"scopes", config::set(o.scopes)},
                           {"token_url", config::set(o.token_url)},
                           {"endpoint_params", set_text_map(o.endpoint_params)},
                           {"tls_config", read_tls(o.tls)},
                           {"proxy_url", refuse_key("proxy_url is not supported")}});
        if (o.client_id.empty() || !net::parse_server_url(o.token_url).ok()) {
            config::refuse(
                v, "oauth2 needs a client_id, and the http:// or https:// address token_url");
        }
        target = std::move(o);
    };
}

void check(const YAML::Node& node, const ClientConfig& c) {
    if (c.oauth2.has_value() && (!c.http.auth.user.empty() || !c.http.auth.token.empty() ||
                                 !c.http.auth.token_file.empty())) {
        config::refuse(node, "a client has oauth2 or another authorization, not both");
    }
    if (c.url.empty()) {
        config::refuse(node, "a client needs a url");
    }
    if (!c.url.starts_with("http://") && !c.url.starts_with("https://")) {
        config::refuse(node, absl::StrCat("'", c.url, "' is no http:// or https:// address"));
    }
    check_auth(node, c.http);
    if (c.batch_bytes <= 0 || c.backoff_min.ns <= 0 || c.backoff_max < c.backoff_min ||
        c.timeout.ns <= 0) {
        config::refuse(node, "batchsize, timeout and backoff periods of a client are above 0");
    }
    for (const auto& [name, value] : c.external_labels) {
        if (!is_label_name(name)) {
            config::refuse(node, absl::StrCat("'", name, "' is no name of a label"));
        }
    }
}

}  // namespace

config::Setter read_tls(TlsConfig& tls) {
    return [&tls](const YAML::Node& v) {
        std::string ignored;
        config::read_keys(v,
                          "tls_config",
                          {{"ca_file", config::set(tls.ca_file)},
                           {"cert_file", config::set(tls.cert_file)},
                           {"key_file", config::set(tls.key_file)},
                           {"server_name", config::set(tls.server_name)},
                           {"insecure_skip_verify", config::set(tls.skip_verify)},
                           {"min_version", config::set(ignored)}});
    };
}

config::Setters http_client_setters(HttpClientConfig& c) {
    return {
        {"basic_auth", read_basic_auth(c.auth)},
        {"authorization", read_authorization(c.auth)},
        {"bearer_token", config::set(c.auth.token)},
        {"bearer_token_file", config::set(c.auth.token_file)},
        {"tls_config", read_tls(c.tls)},
        {"follow_redirects", config::set(c.follow_redirects)},
        {"enable_http2",
         [](const YAML::Node&) {
         }},
        {"oauth2", refuse_key("oauth2 is not supported: use basic_auth or a bearer_token_file")},
        {"sigv4", refuse_key("sigv4 is not supported")},
        {"proxy_url", refuse_key("proxy_url is not supported: the agent sends directly")}};
}

void check_auth(const YAML::Node& node, const HttpClientConfig& c) {
    if (!c.auth.user.empty() && (!c.auth.token.empty() || !c.auth.token_file.empty())) {
        config::refuse(node, "basic_auth or a token are given, not both");
    }
}

ClientConfig read_client(const YAML::Node& node) {
    ClientConfig c;
    std::string stream_lag_labels;
    config::Setters setters = http_client_setters(c.http);
    setters["oauth2"] = read_oauth2(c.oauth2);
    setters.merge(
        config::Setters{{"name", config::set(c.name)},
                        {"url", config::set(c.url)},
                        {"headers", set_text_map(c.headers)},
                        {"tenant_id", config::set(c.tenant_id)},
                        {"batchwait", config::set_duration(c.batch_wait)},
                        {"batchsize", config::set_size(c.batch_bytes)},
                        {"backoff_config", read_backoff(c)},
                        {"external_labels", set_text_map(c.external_labels)},
                        {"timeout", config::set_duration(c.timeout)},
                        {"drop_rate_limited_batches", config::set(c.drop_rate_limited_batches)},
                        {"disk_buffer", read_disk_buffer(c)},
                        {"stream_lag_labels", config::set(stream_lag_labels)}});
    config::read_keys(node, "a client", setters);
    check(node, c);
    return c;
}

}  // namespace logi::agent
