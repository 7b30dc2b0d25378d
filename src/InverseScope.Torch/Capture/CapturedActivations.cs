using InverseScope.Core.Sites;

namespace InverseScope.Torch.Capture;

/// <summary>Activations of consecutive texts at one site.</summary>
/// <param name="Width">K, numbers in one activation.</param>
/// <param name="Values">(texts, K), row by row; a text without the position has a row of zeros.</param>
/// <param name="Present">1 for each text that has the position, else 0.</param>
public sealed record CapturedActivations(Site Site, int Width, float[] Values, byte[] Present)
{
    /// <summary>The activation of one text, or an empty span if it lacks the position.</summary>
    public ReadOnlySpan<float> this[int text] =>
        Present[text] == 0 ? default : Values.AsSpan(text * Width, Width);
}
