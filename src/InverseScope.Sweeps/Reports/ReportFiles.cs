using InverseScope.Core;
using InverseScope.Core.Machine;

namespace InverseScope.Sweeps.Reports;

/// <summary>The report of a sweep in its folder, in the forms asked for.</summary>
public static class ReportFiles
{
    /// <summary>Writes each form so that a reader sees the old file or the new one whole.</summary>
    /// <exception cref="OutsideServiceException">The disk is full or does not answer.</exception>
    public static void Write(string folder, ReportDocument report, IReadOnlyList<ReportFormat> formats)
    {
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var format in formats)
                WholeFile.Write(Path.Combine(folder, ReportWriter.FileName(format)), ReportWriter.Write(report, format));
        }
        catch (IOException e)
        {
            throw new OutsideServiceException($"The report cannot be written to '{folder}': {e.Message} Free space and resume.", e);
        }
    }
}
