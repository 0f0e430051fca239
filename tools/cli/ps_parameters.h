// Parameters of a script from the command line, and pipeline input from text. Pure.
#pragma once

#include "clixml/value.h"

#include <winrm/result.h>

#include <string>
#include <utility>
#include <vector>

namespace winrm::cli {

struct named_parameter
{
    std::string name;
    clixml::value value;
};

/// "Name=text", "Name:int=5", "Name" (a switch), "Name:json={…}". Types: string, int, long, double, decimal, bool,
/// switch, char, datetime, timespan, guid, uri, version, xml, null, json.
/// @errors bad_argument: says which parameter and what is wrong
[[nodiscard]] result<named_parameter> parse_parameter(const std::string& text);

/// The types that parse_parameter() knows, for messages.
[[nodiscard]] const std::string& parameter_types();

/// A word that names one command ("Get-Process"), so that it goes as that and not as a script: endpoints without a
/// language (JEA) take only such.
[[nodiscard]] bool is_command_name(base::bytes_view text) noexcept;

} // namespace winrm::cli
