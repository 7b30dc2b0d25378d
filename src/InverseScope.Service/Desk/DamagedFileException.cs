using InverseScope.Core;

namespace InverseScope.Service.Desk;

/// <summary>A file of the home is there and cannot be read. Whoever asked did nothing wrong.</summary>
public sealed class DamagedFileException(string what, string fix, Exception cause) : BadInputException(what, fix, cause);
