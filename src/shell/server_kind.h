// What tells the service's kinds of shell apart, one row each (MS-WSMV 3.1.4.1.1, 2.2.4.37).
#pragma once

#include "shell/messages.h"

#include <optional>
#include <span>

namespace winrm::shell {

struct table_options;

enum class process_use { one_for_each_command, one_for_the_shell };
/// whole: the kind's URI is one. prefix: it is followed by a name (of a session configuration).
enum class uri_form { whole, prefix };
/// text: UTF-8 as far as it goes, with an end of its own. packets: bytes that are never held back; their end is the
/// command's.
enum class stream_form { text, packets };

/// An option that means something, and with which request.
struct kind_option
{
    base::bytes_view name, action;
};

struct shell_kind
{
    base::bytes_view resource_uri;
    /// Names of its streams. Everywhere else a stream is its index here. A shell may ask for fewer of them.
    std::span<const base::bytes_view> inputs, outputs;
    std::span<const kind_option> options;
    /// What Create asks of this kind: filled into `s`, or the fault to answer. What all kinds have is checked already.
    std::optional<wsman::fault> (*check)(const create_shell& c, const table_options& o, shell_info& s);
    process_use processes;
    uri_form uri = uri_form::whole;
    stream_form streams = stream_form::text;

    [[nodiscard]] bool has(base::bytes_view uri_of_request) const noexcept;
};

/// The kinds that this service has.
[[nodiscard]] std::span<const shell_kind> shell_kinds() noexcept;

} // namespace winrm::shell
