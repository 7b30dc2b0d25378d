using InverseScope.Service.Desk;
using InverseScope.Sweeps.Reports;

namespace InverseScope.Service.Pages;

/// <summary>A sweep in the list.</summary>
/// <param name="Report">Null while there is none.</param>
/// <param name="Waiting">Hypotheses that wait for a person.</param>
public sealed record ListedSweep(SweepView View, ReportDocument? Report, int Waiting);
