using InverseScope.Core;

namespace InverseScope.Torch.Models;

/// <summary>A model does not fit into what is free where it is to run: it may fit elsewhere, or later.</summary>
public sealed class ShortOfMemoryException(string what, string? fix) : BadInputException(what, fix);
