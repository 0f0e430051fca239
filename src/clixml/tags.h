// Names of elements as numbers, so that they are compared at once.
#pragma once

#include "base/bytes.h"
#include "clixml/cell.h"

#include <cstdint>
#include <cstring>

namespace winrm::clixml {

/// Up to eight octets in one number, 0 = longer. No name of CLIXML is.
constexpr std::uint64_t packed(base::bytes_view name) noexcept
{
    if (name.size() > 8) return 0;
    std::uint64_t n = 0;
    for (const char c : name) n = n << 8U | static_cast<unsigned char>(c);
    return n;
}

namespace tags {
inline constexpr std::uint64_t Objs = packed("Objs"), Obj = packed("Obj"), Ref = packed("Ref"), TN = packed("TN"),
                               TNRef = packed("TNRef"), T = packed("T"), ToString = packed("ToString"),
                               Props = packed("Props"), MS = packed("MS"), LST = packed("LST"), IE = packed("IE"),
                               STK = packed("STK"), QUE = packed("QUE"), DCT = packed("DCT"), En = packed("En"),
                               PR = packed("PR"), AV = packed("AV"), AI = packed("AI"), PI = packed("PI"),
                               PC = packed("PC"), SR = packed("SR"), SD = packed("SD"), S = packed("S"),
                               Nil = packed("Nil");
} // namespace tags

/// The primitive of 2.2.5.1 that an element is; unknown = none.
constexpr kind kind_of_tag(std::uint64_t tag) noexcept
{
    switch (tag) {
    case packed("S"): return kind::string;
    case packed("I32"): return kind::int32;
    case packed("B"): return kind::boolean;
    case packed("Nil"): return kind::null;
    case packed("DT"): return kind::date_time;
    case packed("Db"): return kind::double_precision;
    case packed("I64"): return kind::int64;
    case packed("C"): return kind::character;
    case packed("SB"): return kind::int8;
    case packed("By"): return kind::uint8;
    case packed("I16"): return kind::int16;
    case packed("U16"): return kind::uint16;
    case packed("U32"): return kind::uint32;
    case packed("U64"): return kind::uint64;
    case packed("Sg"): return kind::single_precision;
    case packed("D"): return kind::decimal;
    case packed("TS"): return kind::duration;
    case packed("BA"): return kind::bytes;
    case packed("G"): return kind::guid;
    case packed("URI"): return kind::uri;
    case packed("Version"): return kind::version;
    case packed("XD"): return kind::xml_document;
    case packed("SBK"): return kind::script_block;
    case packed("SS"): return kind::secure_string;
    default: return kind::unknown;
    }
}

/// For messages: what is wrong where an element's text is not of its type.
[[nodiscard]] const char* unreadable(kind what) noexcept;

} // namespace winrm::clixml
